import type { Config, RouteConfig } from "../../config/schema.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";
import { openUpstream } from "../../upstream/open.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import type { BackendTls } from "./backend-tls.ts";
import type { SnapshotServices } from "./snapshot.ts";

/** What an upstream depends on besides its keys. */
export interface UpstreamSurroundings {
  readonly globalHealthCheck: Config["health_check"];
  readonly settings: ForwardSettings;
  readonly backendTls: BackendTls;
}

/**
 * The upstream of a route. Reloads that do not change it keep its balancer's position and its backends'
 * health.
 */
export function createUpstream(
  route: RouteConfig,
  id: string,
  { globalHealthCheck, settings, backendTls }: UpstreamSurroundings,
  services: SnapshotServices,
  lease: Lease,
): Upstream {
  const { backends, discover, balance, protocol, proxy, connect_timeout: connectTimeout } = route;
  const reach = { protocol, proxy, connectTimeout };
  const healthCheck = { ...globalHealthCheck, ...route.health_check };
  const tls = backendTls.keyOf(settings);
  const key = Bun.hash(JSON.stringify([backends, discover, balance, reach, healthCheck, tls]));
  const { upstream } = lease.under("upstream", id)(
    key.toString(36),
    () =>
      openUpstream(
        { backends, discover, balance },
        { name: id, healthCheck, reach, tls: (origin) => backendTls.of(origin, settings) },
        { ...services, keeper: services.lifetimes },
      ),
    (roster) => roster.close(),
  );
  return upstream;
}
