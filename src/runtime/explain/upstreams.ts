import type { RouteConfig, UpstreamKeys } from "../../config/schema.ts";
import { upstreamKeys } from "../../config/sections.ts";
import { conditionsOfChoice, type SplitChoiceConfig } from "../../config/split-schema.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Backend } from "../../upstream/backend.ts";
import { detailOf, obstacleOf } from "../../upstream/obstacles.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import {
  type ExplainedConfiguration,
  placeOf,
  scopeOf,
  type Shown,
  shownPlace,
} from "./explained-configuration.ts";
import type { ExplainedBackend, ExplainedSetting, ExplainedUpstream } from "./explanation.ts";
import { encoded } from "./policies.ts";

type Path = readonly (string | number)[];

/** An upstream that a request may go to. */
export interface Destination {
  readonly keys: UpstreamKeys;
  readonly explained: ExplainedUpstream;
}

/** The upstreams that requests of a route may go to; none for a route that answers by itself. */
export function explainUpstreams(
  configuration: ExplainedConfiguration,
  at: number,
  exchange: Exchange,
  shown: Shown,
): Destination[] {
  const { config, routes } = configuration;
  const route = config.routes[at];
  if (route === undefined) return [];
  const live = routes[at]?.upstreams ?? [];
  const explain = (keys: UpstreamKeys, path: Path, name: string, upstream?: Upstream) => ({
    keys,
    explained: describe(configuration, { keys, path, name, upstream }, shown),
  });
  const named = (name: string, upstream?: Upstream): Destination[] => {
    const keys = config.upstreams?.[name];
    return keys === undefined ? [] : [explain(keys, ["upstreams", name], name, upstream)];
  };
  const { upstream, split } = route;
  if (upstream !== undefined) return named(upstream, live[0]);
  if (split !== undefined) {
    const whole = split.reduce((sum, { weight }) => sum + weight, 0);
    const forced = split.findIndex((choice) => isMet(choice, exchange));
    return split.flatMap((choice, index) =>
      named(choice.upstream, live[index]).map(({ keys, explained }) => ({
        keys,
        explained: {
          ...explained,
          share: whole === 0 ? 0 : choice.weight / whole,
          ...(forced !== -1 && { is_chosen: index === forced }),
        },
      })),
    );
  }
  const hasBackends = route.backends !== undefined || route.discover !== undefined;
  return hasBackends ? [explain(ownKeys(route), ["routes", at], "", live[0])] : [];
}

/** A route has the keys of its own upstream. */
function ownKeys(route: RouteConfig): UpstreamKeys {
  return route;
}

function isMet(choice: SplitChoiceConfig, exchange: Exchange): boolean {
  const lists = conditionsOfChoice(choice) ?? [];
  return lists.some((all) => all.every((condition) => condition.accepts(exchange)));
}

function describe(
  configuration: ExplainedConfiguration,
  given: {
    readonly keys: UpstreamKeys;
    readonly path: Path;
    readonly name: string;
    readonly upstream: Upstream | undefined;
  },
  shown: Shown,
): ExplainedUpstream {
  const { keys, path, name, upstream } = given;
  const place = placeOf(configuration, name === "" ? [...path, "backends"] : path);
  const { discover } = keys;
  return {
    ...(name !== "" && { name }),
    ...shownPlace(place),
    balance: shown.of(encoded(upstreamKeys.balance.schema, keys.balance)),
    backends: backendsOf(keys, upstream),
    ...(discover !== undefined && { discovered_by: Object.keys(discover) }),
    settings: settingsOf(configuration, given, shown),
  };
}

function backendsOf(
  { backends = [] }: UpstreamKeys,
  upstream: Upstream | undefined,
): ExplainedBackend[] {
  if (upstream !== undefined) {
    const shareOf = sharesOf(upstream.backends.map((one) => ({ ...asListed(one) })));
    return upstream.backends.map((backend, index) => ({
      ...asListed(backend),
      share: shareOf[index] ?? 0,
      ...stateOf(backend),
    }));
  }
  const shareOf = sharesOf(backends);
  return backends.map(({ url, weight, backup, max_in_flight }, index) => ({
    url,
    weight,
    share: shareOf[index] ?? 0,
    ...(backup === true && { backup }),
    ...(max_in_flight !== undefined && { max_in_flight }),
    healthy: null,
  }));
}

function asListed({ url, weight, isBackup }: Backend) {
  return { url, weight, ...(isBackup && { backup: true }) };
}

function stateOf(backend: Backend) {
  const obstacle = obstacleOf(backend);
  const detail = detailOf(backend, obstacle);
  const isPassing = obstacle === "weight";
  return {
    healthy: backend.health.healthy,
    in_flight: backend.inFlight,
    ...(!isPassing && { why_not: obstacle }),
    ...(detail !== "" && { detail }),
  };
}

function sharesOf(
  backends: readonly { readonly weight: number; readonly backup?: boolean }[],
): number[] {
  const isUsed = backends.map(({ backup }) => backup !== true);
  const whole = backends.reduce(
    (sum, { weight }, at) => sum + (isUsed[at] === true ? weight : 0),
    0,
  );
  return backends.map(({ weight }, at) => (isUsed[at] === true ? weight / whole : 0));
}

/** Told elsewhere. */
const SHOWN_ALREADY: ReadonlySet<string> = new Set(["backends", "discover", "balance"]);

/** What is written about an upstream, besides its backends. */
function settingsOf(
  configuration: ExplainedConfiguration,
  { keys, path, name }: { readonly keys: UpstreamKeys; readonly path: Path; readonly name: string },
  shown: Shown,
): ExplainedSetting[] {
  return Object.entries(upstreamKeys).flatMap(([key, { schema }]): ExplainedSetting[] => {
    const value: unknown = Reflect.get(keys, key);
    const place = placeOf(configuration, [...path, key]);
    if (SHOWN_ALREADY.has(key) || value === undefined || place === undefined) return [];
    const scope = scopeOf(place, name === "" ? "route" : "upstream");
    return [{ key, value: shown.of(encoded(schema, value), key), scope, ...shownPlace(place) }];
  });
}
