import type { Config, RouteConfig } from "../../config/schema.ts";
import { type ForwardSettings, tlsFor } from "../../proxy/settings.ts";
import { openUpstream } from "../../upstream/open.ts";
import { tlsKey } from "../../upstream/tls-key.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import type { SnapshotServices } from "./snapshot.ts";

/**
 * The upstream of a route. It is kept across reloads that leave everything of it as it is: where its
 * balancer stands, and what is known of its backends.
 */
export function createUpstream(
  route: RouteConfig,
  id: string,
  globalHealthCheck: Config["health_check"],
  settings: ForwardSettings,
  services: SnapshotServices,
  lease: Lease,
): Upstream {
  const { backends, discover, balance } = route;
  const healthCheck = { ...globalHealthCheck, ...route.health_check };
  const tls = settings.tls && tlsKey(settings.tls);
  const key = Bun.hash(JSON.stringify([backends, discover, balance, healthCheck, tls]));
  const { upstream } = lease.under("upstream", id)(
    key.toString(36),
    () =>
      openUpstream(
        { backends, discover, balance },
        { name: id, healthCheck, tls: (origin) => tlsFor(origin, settings) },
        { ...services, keeper: services.lifetimes },
      ),
    (roster) => roster.close(),
  );
  return upstream;
}
