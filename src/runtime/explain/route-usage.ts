import { routeEnds } from "../../config/sections.ts";
import type { Extent } from "../../telemetry/query/statistics/extent.ts";
import type { LastUsed, Use } from "../../telemetry/query/statistics/last-used.ts";
import type { Statistics } from "../../telemetry/query/statistics/statistics.ts";
import type { ExplainedConfiguration } from "./explained-configuration.ts";

/** How something was used in a window of time. */
export interface Used {
  readonly requests: number;
  /** 0 to 1. */
  readonly error_rate: number;
  readonly p99_ms: number | null;
  /** As far back as sums are kept; null if never. */
  readonly last_used_at: string | null;
  /** Whether nothing has used it in the window. */
  readonly dead: boolean;
}

export interface RouteUse extends Used {
  readonly id: string;
  readonly path: string;
  readonly hosts: readonly string[];
  readonly methods: readonly string[];
  /** The key that says where its requests go: "backends", "redirect". */
  readonly ends_in: string;
}

/** What the log says of a configuration's routes, upstreams and backends, and of who used them. */
export interface UsageReport {
  readonly since: string;
  /** When the log begins; null if it has no requests. */
  readonly log_begins_at: string | null;
  /** Whether the log goes back to `since`: otherwise what is dead may have been used before. */
  readonly is_whole: boolean;
  readonly routes: readonly RouteUse[];
  readonly upstreams: readonly ({ readonly name: string } & Used)[];
  readonly backends: readonly ({ readonly url: string } & Used)[];
  /** Names of routes in the log that the configuration does not have any more. */
  readonly gone: readonly { readonly route: string; readonly last_used_at: string }[];
  readonly subjects: readonly ({ readonly provider: string; readonly subject: string } & Use)[];
}

/** What has been asked of the log. */
export interface UsageSource {
  readonly since: number;
  readonly extent: Extent | null;
  readonly lastUsed: LastUsed;
  /** Over the window, by each. */
  readonly statistics: Readonly<Record<"route" | "upstream" | "backend", Statistics>>;
}

export function usageReport(
  { config, routes }: ExplainedConfiguration,
  { since, extent, lastUsed, statistics }: UsageSource,
): UsageReport {
  const usedBy = <One extends Use>(
    by: keyof UsageSource["statistics"],
    uses: readonly One[],
    nameOf: (use: One) => string,
  ) => {
    const groups = new Map(statistics[by].groups.map((group) => [group.value, group]));
    const lasts = new Map<string, string>();
    for (const use of uses) {
      const name = nameOf(use);
      if (use.last_used_at > (lasts.get(name) ?? "")) lasts.set(name, use.last_used_at);
    }
    return (name: string): Used => {
      const group = groups.get(name);
      const last = lasts.get(name) ?? null;
      return {
        requests: group?.requests ?? 0,
        error_rate: group?.error_rate ?? 0,
        p99_ms: group?.p99_ms ?? null,
        last_used_at: last,
        dead: last === null || Date.parse(last) < since,
      };
    };
  };
  const routeUse = usedBy("route", lastUsed.routes, ({ route }) => route);
  const upstreamUse = usedBy("upstream", lastUsed.upstreams, ({ upstream }) => upstream);
  const backendUse = usedBy("backend", lastUsed.backends, ({ backend }) => backend);
  const known = new Set(routes.map(({ id }) => id));
  const urls = [...Object.values(config.upstreams ?? {}), ...config.routes].flatMap(
    ({ backends = [] }) => backends.map(({ url }) => url),
  );
  return {
    since: new Date(since).toISOString(),
    log_begins_at: extent?.from ?? null,
    is_whole: extent !== null && Date.parse(extent.from) <= since,
    routes: routes.map(({ id, path, hosts = [], methods = [] }, at) => ({
      id,
      path,
      hosts: [...hosts],
      methods: [...methods],
      ends_in: routeEnds.find((key) => config.routes[at]?.[key] !== undefined) ?? "backends",
      ...routeUse(id),
    })),
    upstreams: Object.keys(config.upstreams ?? {}).map((name) => ({
      name,
      ...upstreamUse(name),
    })),
    backends: [...new Set(urls)].map((url) => ({
      url,
      ...backendUse(url),
    })),
    gone: lastUsed.routes
      .filter(({ route }) => !known.has(route))
      .map(({ route, last_used_at }) => ({ route, last_used_at })),
    subjects: lastUsed.subjects.toSorted((one, other) =>
      one.last_used_at < other.last_used_at ? 1 : -1,
    ),
  };
}
