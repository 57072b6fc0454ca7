import { AddressSet } from "../http/address.ts";
import type { Config, RouteConfig } from "../config/schema.ts";
import { Chain, type Handler } from "../pipeline/chain.ts";
import type { OutgoingRules } from "../pipeline/outgoing.ts";
import type { ToProblem } from "../pipeline/problems.ts";
import { Interned } from "../units/interned.ts";
import type { Policy, PolicyScope } from "../pipeline/policy.ts";
import { policyRegistry } from "../policies/registry.ts";
import { Forwarding, type ForwardServices } from "../proxy/forward.ts";
import { type ForwardSettings, tlsFor } from "../proxy/settings.ts";
import { TimeLimitSets } from "../proxy/time-limits.ts";
import { conditionsOf } from "../routing/conditions/of-route.ts";
import { routeIds } from "../routing/route-ids.ts";
import { type RoutePattern, RouteTable } from "../routing/table.ts";
import type { Clock } from "../time/clock.ts";
import { openUpstream, type UpstreamServices } from "../upstream/open.ts";
import { tlsKey } from "../upstream/tls-key.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { forwardSettings, settingsKey } from "./forward-settings.ts";
import type { Lease, Lifetimes } from "./lifetimes.ts";

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
  /** What the snapshot holds of that which outlives it. */
  readonly lease: Lease;
}

/** What a snapshot needs of the world; outlives it. */
export interface SnapshotServices extends ForwardServices, Omit<UpstreamServices, "keeper"> {
  readonly lifetimes: Lifetimes;
  readonly toProblem: ToProblem;
}

/**
 * Compiles a valid configuration. Its backends' health checks begin here. What outlives the snapshot
 * is on lease, and the lease ends at once if the compilation fails.
 */
export function compileSnapshot(config: Config, services: SnapshotServices): Snapshot {
  const lease = services.lifetimes.lease();
  try {
    return compileWith(lease, config, services);
  } catch (error) {
    lease.end();
    throw error;
  }
}

function compileWith(lease: Lease, config: Config, services: SnapshotServices): Snapshot {
  const { toProblem, clock } = services;
  const world: PolicyWorld = { clock, lease };
  const globals = createGlobalPolicies(config, world);
  const patterns = config.routes.map((route) => ({ path: route.path, ...conditionsOf(route) }));
  const ids = routeIds(patterns);
  const limits = new TimeLimitSets(services.clock);
  const globalPolicies = policyRegistry.flatMap(({ name }) => globals.get(name) ?? []);
  const unrouted = new Chain(globalPolicies, toProblem);
  const allSettings = new Interned<ForwardSettings>();
  const routes = config.routes.map((route, index): CompiledRoute => {
    const id = ids[index] ?? route.path;
    const settings = allSettings.of(settingsKey(route), () =>
      forwardSettings(route, config.server),
    );
    const upstream = createUpstream(route, id, config, settings, services, lease);
    const forward = new Forwarding(upstream, settings, limits.of(settings.timeouts), services);
    const own = policiesOf(route, id, globals, world);
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
    lease,
  };
}

/**
 * Gives up what a snapshot holds of that which outlives it. To be called when its successor is in
 * force, so that what both use stays as it is.
 */
export function retireSnapshot({ lease }: Snapshot): void {
  lease.end();
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

/**
 * The upstream of a route. It is kept across reloads that leave everything of it as it is: where its
 * balancer stands, and what is known of its backends.
 */
function createUpstream(
  route: RouteConfig,
  id: string,
  config: Config,
  settings: ForwardSettings,
  services: SnapshotServices,
  lease: Lease,
): Upstream {
  const { backends, discover, balance } = route;
  const healthCheck = { ...config.health_check, ...route.health_check };
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

/** What policies are made with. */
interface PolicyWorld {
  readonly clock: Clock;
  readonly lease: Lease;
}

/** One instance of each global policy, shared by all routes, by the policy's name. */
function createGlobalPolicies(config: Config, world: PolicyWorld): ReadonlyMap<string, Policy> {
  const globals = new Map<string, Policy>();
  for (const { name, global } of policyRegistry) {
    const policy = create(name, global, config, world, "default");
    if (policy !== undefined) globals.set(name, policy);
  }
  return globals;
}

function policiesOf(
  route: RouteConfig,
  id: string,
  globals: ReadonlyMap<string, Policy>,
  world: PolicyWorld,
): Policy[] {
  return policyRegistry.flatMap((definition) => {
    const own = create(definition.name, definition.route, route, world, id);
    const replaced = definition.routeReplacesGlobal && isConfigured(definition.route, route);
    const shared = replaced ? undefined : globals.get(definition.name);
    return [shared, own].filter((policy) => policy !== undefined);
  });
}

function isConfigured(scope: PolicyScope | undefined, config: object): boolean {
  return scope !== undefined && scope.key in config;
}

function create(
  policy: string,
  scope: PolicyScope | undefined,
  config: object,
  { clock, lease }: PolicyWorld,
  name: string,
): Policy | undefined {
  if (scope === undefined) return undefined;
  const own: unknown = Reflect.get(config, scope.key);
  if (own === undefined) return undefined;
  return scope.create(own, { clock, keep: lease.under(policy, scope.key, name) }, name);
}
