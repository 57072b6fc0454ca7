import type { Config, RouteConfig } from "../../config/schema.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";
import { openUpstream } from "../../upstream/open.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import type { BackendTls } from "./backend-tls.ts";
import type { SnapshotServices } from "./snapshot.ts";

/** What an upstream depends on that stands elsewhere than in its keys. */
export interface UpstreamSurroundings {
  readonly globalHealthCheck: Config["health_check"];
  readonly settings: ForwardSettings;
  readonly backendTls: BackendTls;
}

/**
 * The upstream of a route. It is kept across reloads that leave everything of it as it is: where its
 * balancer stands, and what is known of its backends.
 */
export function createUpstream(
  route: RouteConfig,
  id: string,
  { globalHealthCheck, settings, backendTls }: UpstreamSurroundings,
  services: SnapshotServices,
  lease: Lease,
): Upstream {
  const { backends, discover, balance } = route;
  const healthCheck = { ...globalHealthCheck, ...route.health_check };
  const tls = backendTls.keyOf(settings);
  const key = Bun.hash(JSON.stringify([backends, discover, balance, healthCheck, tls]));
  const { upstream } = lease.under("upstream", id)(
    key.toString(36),
    () =>
      openUpstream(
        { backends, discover, balance },
        { name: id, healthCheck, tls: (origin) => backendTls.of(origin, settings) },
        { ...services, keeper: services.lifetimes },
      ),
    (roster) => roster.close(),
  );
  return upstream;
}
