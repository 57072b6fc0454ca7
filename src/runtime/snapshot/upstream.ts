import type { Config, UpstreamKeys } from "../../config/schema.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";
import { openUpstream } from "../../upstream/open.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import type { BackendTls } from "./backend-tls.ts";
import type { SnapshotServices } from "./snapshot.ts";

/** What an upstream depends on besides its keys. */
export interface UpstreamSurroundings {
  readonly globalHealthCheck: Config["health_check"];
  readonly settings: Pick<ForwardSettings, "tls">;
  readonly backendTls: BackendTls;
}

/** Whose an upstream is: a route's own, or by its name. */
export interface UpstreamOwner {
  readonly kind: "route" | "upstream";
  readonly name: string;
}

/**
 * An upstream by its keys. Reloads that do not change it keep its balancer's position and its backends'
 * health.
 */
export function createUpstream(
  keys: UpstreamKeys,
  { kind, name }: UpstreamOwner,
  { globalHealthCheck, settings, backendTls }: UpstreamSurroundings,
  services: SnapshotServices,
  lease: Lease,
): Upstream {
  const { backends, discover, balance, protocol, proxy, connect_timeout: connectTimeout } = keys;
  const reach = { protocol, proxy, connectTimeout };
  const states = {
    ejection: keys.ejection?.enabled === true ? keys.ejection : undefined,
    whenNoneHealthy: keys.when_none_healthy,
    breaker: keys.circuit_breaker?.enabled === true ? keys.circuit_breaker : undefined,
    slowStart: keys.slow_start,
    sticky: keys.sticky?.enabled === true ? keys.sticky : undefined,
    limits: {
      maxInFlight: keys.max_in_flight,
      maxWaiting: keys.max_waiting,
      waitTimeout: keys.wait_timeout,
    },
  };
  const healthCheck = { ...globalHealthCheck, ...keys.health_check };
  const tls = backendTls.keyOf(settings);
  const whole = [backends, discover, balance, reach, states, healthCheck, tls];
  const key = Bun.hash(JSON.stringify(whole));
  const { upstream } = lease.under("upstream", kind, name)(
    key.toString(36),
    () =>
      openUpstream(
        { backends, discover, balance },
        {
          // Routes may have the names of upstreams.
          name: kind === "route" ? `of route ${name}` : name,
          healthCheck,
          reach,
          ...states,
          tls: (origin) => backendTls.of(origin, settings),
        },
        { ...services, keeper: services.lifetimes },
      ),
    (roster) => roster.close(),
  );
  return upstream;
}
