import type { Queries } from "../../../telemetry/query/queries.ts";
import { QueryError } from "../../../telemetry/query/errors.ts";
import { answered, windowOf } from "./query-problems.ts";

/** The numbers of requests that a route or a backend had in a window. */
interface Figures {
  readonly requests: number;
  readonly error_rate: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

const NONE: Figures = { requests: 0, error_rate: 0, p50_ms: null, p99_ms: null };

/** How much routes and backends were used, by the log. */
export interface Use {
  /** False if the log has nothing of it: then nothing is known to be unused. */
  readonly isKnown: boolean;
  readonly ofRoute: (id: string) => Figures;
  readonly ofBackend: (url: string) => Figures;
  readonly routeUsedAt: (id: string) => string | null;
  readonly backendUsedAt: (route: string, url: string) => string | null;
}

const UNKNOWN: Use = {
  isKnown: false,
  ofRoute: () => NONE,
  ofBackend: () => NONE,
  routeUsedAt: () => null,
  backendUsedAt: () => null,
};

const MOST_GROUPS = 10_000;

/** Asks the log. How the gateway is can be told without it, so a log that cannot be read is no problem. */
export async function useOf(
  queries: Queries,
  window: { readonly since?: string | undefined; readonly until?: string | undefined },
  now: number,
): Promise<Use> {
  const request = { ...windowOf(window, now), limit: MOST_GROUPS };
  try {
    const [routes, backends, used] = await Promise.all([
      queries.statistics({ ...request, by: "route" }),
      queries.statistics({ ...request, by: "backend" }),
      queries.lastUsed({}),
    ]);
    const byRoute = new Map(routes.groups.map((group) => [group.value, figuresOf(group)]));
    const byBackend = new Map(backends.groups.map((group) => [group.value, figuresOf(group)]));
    const routeAt = new Map(used.routes.map(({ route, last_used_at }) => [route, last_used_at]));
    const backendAt = new Map(
      used.backends.map(({ route, backend, last_used_at }) => [
        JSON.stringify([route, backend]),
        last_used_at,
      ]),
    );
    return {
      isKnown: used.routes.length > 0,
      ofRoute: (id) => byRoute.get(id) ?? NONE,
      ofBackend: (url) => byBackend.get(url) ?? NONE,
      routeUsedAt: (id) => routeAt.get(id) ?? null,
      backendUsedAt: (route, url) => backendAt.get(JSON.stringify([route, url])) ?? null,
    };
  } catch (error) {
    if (error instanceof QueryError && error.reason !== "busy") return UNKNOWN;
    return answered(Promise.reject(error instanceof Error ? error : new Error(String(error))));
  }
}

function figuresOf({ requests, error_rate, p50_ms, p99_ms }: Figures): Figures {
  return { requests, error_rate, p50_ms, p99_ms };
}
