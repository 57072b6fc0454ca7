import { readFileSync } from "node:fs";
import type { Config, RouteConfig, UpstreamKeys } from "../../config/schema.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";
import { attemptTimeout, hedgePlan, retryPlan } from "./retry-plan.ts";

/** The keys of an upstream that settings depend on. */
export type ReachingKeys = Pick<UpstreamKeys, "preserve_host" | "tls">;

/**
 * A route's settings for one upstream, by default its own, with the server's as defaults. Reads the
 * files of `tls`.
 */
export function forwardSettings(
  route: RouteConfig,
  server: Config["server"],
  upstream: ReachingKeys = route,
): ForwardSettings {
  const { timeouts } = route;
  return {
    preserveHost: upstream.preserve_host,
    preservePath: route.preserve_path,
    encodedSlashes: route.encoded_slashes ?? server.encoded_slashes,
    sendForwarded: server.send_forwarded,
    maxBodySize: route.max_body_size ?? server.max_body_size,
    maxMessageSize: server.max_message_size,
    upgrades: route.upgrades && new Set(route.upgrades.map((protocol) => protocol.toLowerCase())),
    tls: tlsOptions(upstream),
    timeouts: {
      request: timeouts?.request ?? server.timeouts.request,
      response: attemptTimeout(timeouts?.response ?? server.timeouts.response, route),
      idle: timeouts?.idle ?? server.timeouts.idle,
      exchange: timeouts?.exchange ?? server.timeouts.exchange,
    },
    retry: retryPlan(route),
    hedge: hedgePlan(route),
  };
}

/** Equal for routes and upstreams with equal settings. */
export function settingsKey(
  { preserve_path, encoded_slashes, max_body_size, upgrades, timeouts, retry, hedge }: RouteConfig,
  { preserve_host, tls }: ReachingKeys,
): string {
  const ofRoute = [preserve_path, encoded_slashes, max_body_size, upgrades, timeouts, retry, hedge];
  return JSON.stringify([preserve_host, tls, ofRoute]);
}

/** TLS settings of an upstream's https backends. Reads the files. */
export function tlsOptions({ tls }: Pick<UpstreamKeys, "tls">): Bun.TLSOptions | undefined {
  if (tls === undefined) return undefined;
  return {
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.certificate !== undefined && { cert: readFileSync(tls.certificate) }),
    ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    ...(tls.server_name !== undefined && { serverName: tls.server_name }),
    ...(tls.insecure_skip_verify && { rejectUnauthorized: false }),
  };
}
