import { readFileSync } from "node:fs";
import type { Config, RouteConfig } from "../../config/schema.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";

/** A route's settings, with the server's as defaults. Reads the files of `tls`. */
export function forwardSettings(route: RouteConfig, server: Config["server"]): ForwardSettings {
  const { timeouts } = route;
  return {
    preserveHost: route.preserve_host,
    preservePath: route.preserve_path,
    sendForwarded: server.send_forwarded,
    maxBodySize: route.max_body_size ?? server.max_body_size,
    maxMessageSize: server.max_message_size,
    upgrades: route.upgrades && new Set(route.upgrades.map((protocol) => protocol.toLowerCase())),
    tls: tlsOptions(route),
    timeouts: {
      request: timeouts?.request ?? server.timeouts.request,
      response: timeouts?.response ?? server.timeouts.response,
      idle: timeouts?.idle ?? server.timeouts.idle,
      exchange: timeouts?.exchange ?? server.timeouts.exchange,
    },
  };
}

/** Equal for routes with equal settings. */
export function settingsKey(route: RouteConfig): string {
  const { preserve_host, preserve_path, max_body_size, upgrades, tls, timeouts } = route;
  return JSON.stringify([preserve_host, preserve_path, max_body_size, upgrades, tls, timeouts]);
}

function tlsOptions({ tls }: RouteConfig): Bun.TLSOptions | undefined {
  if (tls === undefined) return undefined;
  return {
    ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
    ...(tls.certificate !== undefined && { cert: readFileSync(tls.certificate) }),
    ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    ...(tls.server_name !== undefined && { serverName: tls.server_name }),
    ...(tls.insecure_skip_verify && { rejectUnauthorized: false }),
  };
}
