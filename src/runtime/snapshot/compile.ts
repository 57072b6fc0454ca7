import { AddressSet } from "../../http/address-set.ts";
import { FieldRules } from "../../http/field-rules.ts";
import { redactedNames } from "../../config/redacted-names.ts";
import type { Config, RouteConfig } from "../../config/schema.ts";
import { Chain } from "../../pipeline/chain.ts";
import { Redaction } from "../../pipeline/redaction.ts";
import { conditionsOf } from "../../routing/conditions/of-route.ts";
import { routeIds } from "../../routing/route-ids.ts";
import { type RoutePattern, RouteTable } from "../../routing/table.ts";
import { databaseBeside } from "../../sqlite/beside.ts";
import { tracingSettings } from "../../telemetry/tracing/schema.ts";
import { Tracer } from "../../telemetry/tracing/tracer.ts";
import type { RedisStore } from "../../store/redis-store.ts";
import { runThrough, type Steps } from "../../time/slices.ts";
import type { Lease } from "../lifetimes.ts";
import { guardPathsInSteps } from "./guarded-paths.ts";
import { SnapshotNoting } from "./noting.ts";
import { Policies } from "./policies.ts";
import { RouteEnds } from "./route-ends.ts";
import type { CompiledRoute, Snapshot, SnapshotServices } from "./snapshot.ts";
import { storeOf } from "./store.ts";

/** Compiles a valid configuration at once. Its backends' health checks begin here. */
export function compileSnapshot(config: Config, services: SnapshotServices, id = ""): Snapshot {
  return runThrough(compileInSteps(config, services, id));
}

/**
 * Compiles a valid configuration, one route per step. State that outlives the snapshot is leased; the
 * lease ends at once if the compilation fails, for example because a file cannot be read.
 */
export function* compileInSteps(
  config: Config,
  services: SnapshotServices,
  id = "",
): Steps<Snapshot> {
  const { toProblem, lifetimes } = services;
  const lease = lifetimes.lease();
  try {
    const routes = new RouteCompiler(config, services, lease);
    const compiled: CompiledRoute[] = [];
    const patterns = yield* patternsInSteps(config.routes);
    const ids = yield* routeIds(patterns);
    for (const [index, route] of config.routes.entries()) {
      compiled.push(routes.compile(route, ids[index] ?? route.path, patterns[index]));
      yield undefined;
    }
    const guarded = yield* guardPathsInSteps(config, compiled);
    for (const { chain, forward } of guarded) {
      // Not before, or what a policy sends by itself would get round the guards.
      if (chain !== routes.unrouted) chain.join(forward);
      yield undefined;
    }
    const table = yield* RouteTable.compileInSteps(guarded, config.server.encoded_slashes);
    const notings = notingsOf(table, services);
    return {
      configuration: id,
      maxInFlight: config.server.max_in_flight,
      routes: guarded,
      table,
      noting: notings[config.logging.trace],
      notings,
      unrouted: routes.unrouted,
      bare: new Chain([], toProblem),
      trustedProxies: new AddressSet(config.server.trusted_proxies),
      fieldRules: new FieldRules(config.server.untrusted_fields, routes.ownFields),
      redaction: new Redaction(redactedNames(config)),
      tracer: tracerOf(config, services),
      toProblem,
      store: routes.store,
      lease,
    };
  } catch (error) {
    yield* lease.endInSteps();
    throw error;
  }
}

function tracerOf({ tracing }: Config, { traceIds }: SnapshotServices): Tracer | undefined {
  const settings = tracingSettings(tracing);
  return settings === undefined ? undefined : new Tracer(settings, traceIds);
}

function notingsOf(
  table: RouteTable<CompiledRoute>,
  { clock }: SnapshotServices,
): Snapshot["notings"] {
  return {
    errors: new SnapshotNoting(table, clock, false),
    all: new SnapshotNoting(table, clock, true),
    off: undefined,
  };
}

function* patternsInSteps(routes: readonly RouteConfig[]): Steps<RoutePattern[]> {
  const patterns: RoutePattern[] = [];
  for (const route of routes) {
    patterns.push({ path: route.path, ...conditionsOf(route) });
    yield undefined;
  }
  return patterns;
}

/** Compiles routes one by one; equal parts are shared. */
class RouteCompiler {
  /** The chain of the global policies alone. */
  readonly unrouted: Chain;
  readonly store: RedisStore | undefined;
  /** The names of fields that only global policies give to backends. */
  readonly ownFields: readonly string[];
  readonly #services: SnapshotServices;
  readonly #policies: Policies;
  readonly #ends: RouteEnds;

  constructor(config: Config, services: SnapshotServices, lease: Lease) {
    const { clock, random, log, fetch } = services;
    this.#services = services;
    this.store = storeOf(config.store, services, lease);
    this.#policies = new Policies(config, {
      clock,
      random,
      log,
      fetch,
      databaseFor: (name) => databaseBeside(config.logging.database, name),
      store: this.store,
      lease,
    });
    this.#ends = new RouteEnds(config, services, lease);
    this.ownFields = this.#policies.global.flatMap(({ ownFields = [] }) => ownFields);
    this.unrouted = new Chain(this.#policies.global, services.toProblem);
  }

  compile(route: RouteConfig, id: string, pattern: RoutePattern | undefined): CompiledRoute {
    const chain = this.#chain(route, id);
    const end = this.#ends.of(route, id);
    return {
      id,
      ...pattern,
      path: route.pattern.path,
      pattern: route.pattern,
      encodedSlashes: route.encoded_slashes,
      chain,
      trace: route.trace,
      ...end,
    };
  }

  #chain(route: RouteConfig, id: string): Chain {
    const policies = this.#policies.of(route, id);
    return policies === this.#policies.global
      ? this.unrouted
      : new Chain(policies, this.#services.toProblem);
  }
}
