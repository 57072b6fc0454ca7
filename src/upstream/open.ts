import type { BackendConfig } from "./backend-schema.ts";
import type { BalancerServices } from "./balancers/balancer.ts";
import { balancerRegistry } from "./balancers/registry.ts";
import { type BalanceConfig, createBalancer } from "./balancers/schema.ts";
import { discoveryRegistry } from "./discovery/registry.ts";
import type { DiscoveryServices, DiscoverySource } from "./discovery/source.ts";
import { staticList } from "./discovery/static.ts";
import { Roster, type RosterServices, type RosterSettings } from "./roster.ts";

/** The settings of an upstream. */
export interface UpstreamConfig {
  readonly backends?: readonly BackendConfig[] | undefined;
  /** The settings of discovery sources, by their keys. */
  readonly discover?: Readonly<Record<string, unknown>> | undefined;
  readonly balance: BalanceConfig;
}

export type UpstreamServices = RosterServices & DiscoveryServices & BalancerServices;

/** Opens an upstream: from now on its sources report and its backends are checked. */
export function openUpstream(
  config: UpstreamConfig,
  settings: Omit<RosterSettings, "sources" | "balancer">,
  services: UpstreamServices,
): Roster {
  const sources = sourcesOf(config, services);
  const balancer = createBalancer(balancerRegistry, config.balance, services);
  return new Roster({ ...settings, sources, balancer }, services);
}

function sourcesOf(
  { backends = [], discover }: UpstreamConfig,
  services: DiscoveryServices,
): DiscoverySource[] {
  const written = new Map<string, unknown>(Object.entries(discover ?? {}));
  if (backends.length > 0) written.set(staticList.key, backends);
  return discoveryRegistry.flatMap((kind) =>
    written.has(kind.key) ? [kind.create(written.get(kind.key), services)] : [],
  );
}
