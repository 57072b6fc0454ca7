import { AddressSet } from "../http/address.ts";
import type { Config, RouteConfig } from "../config/schema.ts";
import { Chain, type Handler } from "../pipeline/chain.ts";
import type { OutgoingRules } from "../pipeline/outgoing.ts";
import type { ToProblem } from "../pipeline/problems.ts";
import { Interned } from "../units/interned.ts";
import type { Policy, PolicyScope, PolicyServices } from "../pipeline/policy.ts";
import { policyRegistry } from "../policies/registry.ts";
import { Forwarding, type ForwardServices } from "../proxy/forward.ts";
import { type ForwardSettings, tlsFor } from "../proxy/settings.ts";
import { TimeLimitSets } from "../proxy/time-limits.ts";
import { conditionsOf } from "../routing/conditions/of-route.ts";
import { routeIds } from "../routing/route-ids.ts";
import { type RoutePattern, RouteTable } from "../routing/table.ts";
import { Backend, type BackendAddress, readBackendAddress } from "../upstream/backend.ts";
import type { HealthMonitor } from "../upstream/health/monitor.ts";
import { Upstream } from "../upstream/upstream.ts";
import { forwardSettings, settingsKey } from "./forward-settings.ts";

/** A route with everything decided that can be decided before a request comes. */
export interface CompiledRoute extends RoutePattern {
  /** See `routeIds`. */
  readonly id: string;
  readonly upstream: Upstream;
  readonly outgoing: OutgoingRules;
  /** Seconds that a client's connection may be silent while its request is handled. */
  readonly waitSeconds: number;
  readonly chain: Chain;
  /** What stands at the chain's end. */
  readonly forward: Handler;
}

/** The compiled, immutable form of one configuration. */
export interface Snapshot {
  /** How many exchanges there may be at a time. */
  readonly maxInFlight: number;
  readonly routes: readonly CompiledRoute[];
  readonly table: RouteTable<CompiledRoute>;
  /** The chain of an exchange without a route: the global policies. */
  readonly unrouted: Chain;
  /** The chain of the gateway's own pages: no policy at all. */
  readonly bare: Chain;
  readonly trustedProxies: AddressSet;
  readonly toProblem: ToProblem;
}

/** What a snapshot needs of the world; outlives it. */
export interface SnapshotServices extends PolicyServices, ForwardServices {
  readonly monitor: HealthMonitor;
  readonly toProblem: ToProblem;
}

/** Compiles a valid configuration. Its backends' health checks begin here. */
export function compileSnapshot(config: Config, services: SnapshotServices): Snapshot {
  const { toProblem } = services;
  const globals = createGlobalPolicies(config, services);
  const patterns = config.routes.map((route) => ({ path: route.path, ...conditionsOf(route) }));
  const ids = routeIds(patterns);
  const limits = new TimeLimitSets(services.clock);
  const globalPolicies = policyRegistry.flatMap(({ name }) => globals.get(name) ?? []);
  const unrouted = new Chain(globalPolicies, toProblem);
  const addresses = new Interned<BackendAddress>();
  const allSettings = new Interned<ForwardSettings>();
  const routes = config.routes.map((route, index): CompiledRoute => {
    const id = ids[index] ?? route.path;
    const settings = allSettings.of(settingsKey(route), () =>
      forwardSettings(route, config.server),
    );
    const upstream = createUpstream(route, config, settings, services.monitor, addresses);
    const forward = new Forwarding(upstream, settings, limits.of(settings.timeouts), services);
    const own = policiesOf(route, id, globals, services);
    const policies = areTheSame(own, globalPolicies) ? globalPolicies : own;
    return {
      id,
      ...patterns[index],
      path: route.pattern.path,
      pattern: route.pattern,
      upstream,
      outgoing: settings,
      waitSeconds: waitSeconds(settings.timeouts),
      chain: policies === globalPolicies ? unrouted : new Chain(policies, toProblem),
      forward,
    };
  });
  return {
    maxInFlight: config.server.max_in_flight,
    routes,
    table: RouteTable.compile(routes),
    unrouted,
    bare: new Chain([], toProblem),
    trustedProxies: new AddressSet(config.server.trusted_proxies),
    toProblem,
  };
}

/**
 * Lets go of what a snapshot holds of the world that outlives it. To be called when its successor
 * stands, so that backends that both have keep their health.
 */
export function retireSnapshot(snapshot: Snapshot, monitor: HealthMonitor): void {
  for (const { upstream } of snapshot.routes) {
    upstream.close();
    for (const { health } of upstream.backends) monitor.release(health);
  }
}

/** The longest wait without a byte from or to the client: for its content, and for the answer's head. */
function waitSeconds({ request, response }: ForwardSettings["timeouts"]): number {
  if (request === 0 || response === 0) return Number.POSITIVE_INFINITY;
  return Math.ceil((request + response) / 1000) + MARGIN_SECONDS;
}

/** The gateway's own timeouts end an exchange with a reason, so they have to come first. */
const MARGIN_SECONDS = 5;

function areTheSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index]);
}

function createUpstream(
  route: RouteConfig,
  config: Config,
  settings: ForwardSettings,
  monitor: HealthMonitor,
  addresses: Interned<BackendAddress>,
): Upstream {
  const healthCheck = { ...config.health_check, ...route.health_check };
  return new Upstream(
    route.backends.map(({ url, weight, max_in_flight: maxInFlight }) => {
      const address = addresses.of(url, () => readBackendAddress(url));
      const tls = tlsFor(address.origin, settings);
      const health = monitor.acquire(url, healthCheck, tls);
      return new Backend({ address, weight, maxInFlight, health, tls });
    }),
  );
}

/** One instance of each global policy, shared by all routes, by the policy's name. */
function createGlobalPolicies(
  config: Config,
  services: PolicyServices,
): ReadonlyMap<string, Policy> {
  const globals = new Map<string, Policy>();
  for (const { name, global } of policyRegistry) {
    const policy = create(global, config, services, "default");
    if (policy !== undefined) globals.set(name, policy);
  }
  return globals;
}

function policiesOf(
  route: RouteConfig,
  id: string,
  globals: ReadonlyMap<string, Policy>,
  services: PolicyServices,
): Policy[] {
  return policyRegistry.flatMap((definition) => {
    const own = create(definition.route, route, services, id);
    const replaced = definition.routeReplacesGlobal && isConfigured(definition.route, route);
    const shared = replaced ? undefined : globals.get(definition.name);
    return [shared, own].filter((policy) => policy !== undefined);
  });
}

function isConfigured(scope: PolicyScope | undefined, config: object): boolean {
  return scope !== undefined && scope.key in config;
}

function create(
  scope: PolicyScope | undefined,
  config: object,
  services: PolicyServices,
  name: string,
): Policy | undefined {
  if (scope === undefined) return undefined;
  const own: unknown = Reflect.get(config, scope.key);
  return own === undefined ? undefined : scope.create(own, services, name);
}
