import type { Queries } from "../../../telemetry/query/queries.ts";
import { QueryError } from "../../../telemetry/query/errors.ts";
import { backendOfRoute } from "../../../telemetry/query/statistics/statistics.ts";
import { answered, windowOf } from "./query-problems.ts";
import { ownUpstream } from "./route-descriptions.ts";

/** The numbers of requests that a route or a backend had in a window. */
interface Figures {
  readonly requests: number;
  readonly error_rate: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

/** A backend as a route has it: the same URL may be in other routes and upstreams. */
interface BackendOfRoute {
  readonly route: string;
  /** As in the API: of a route's own backends, `ownUpstream`. */
  readonly upstream: string;
  readonly url: string;
}

const NONE: Figures = { requests: 0, error_rate: 0, p50_ms: null, p99_ms: null };

/** How much routes and backends were used, by the log. */
export interface Use {
  /** False if the log has nothing of it: then nothing is known to be unused. */
  readonly isKnown: boolean;
  readonly ofRoute: (id: string) => Figures;
  readonly ofBackend: (backend: BackendOfRoute) => Figures;
  readonly routeUsedAt: (id: string) => string | null;
  readonly backendUsedAt: (backend: BackendOfRoute) => string | null;
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
      queries.statistics({ ...request, by: "backend_of_route" }),
      queries.lastUsed({}),
    ]);
    const byRoute = new Map(routes.groups.map((group) => [group.value, figuresOf(group)]));
    const byBackend = new Map(backends.groups.map((group) => [group.value, figuresOf(group)]));
    const routeAt = new Map(used.routes.map(({ route, last_used_at }) => [route, last_used_at]));
    const backendAt = new Map(
      used.backends.map((backend) => [backendOfRoute(backend), backend.last_used_at]),
    );
    return {
      isKnown: used.routes.length > 0,
      ofRoute: (id) => byRoute.get(id) ?? NONE,
      ofBackend: (backend) => byBackend.get(valueOf(backend)) ?? NONE,
      routeUsedAt: (id) => routeAt.get(id) ?? null,
      backendUsedAt: (backend) => backendAt.get(valueOf(backend)) ?? null,
    };
  } catch (error) {
    if (error instanceof QueryError && error.reason !== "busy") return UNKNOWN;
    return answered(Promise.reject(error instanceof Error ? error : new Error(String(error))));
  }
}

function valueOf({ route, upstream, url }: BackendOfRoute): string {
  const logged = upstream === ownUpstream(route) ? "" : upstream;
  return backendOfRoute({ route, upstream: logged, backend: url });
}

function figuresOf({ requests, error_rate, p50_ms, p99_ms }: Figures): Figures {
  return { requests, error_rate, p50_ms, p99_ms };
}
