import type { Snapshot } from "../../../runtime/snapshot/snapshot.ts";
import { availableOf } from "../../../upstream/available.ts";
import type { Backend } from "../../../upstream/backend.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import { upstreamNames } from "./route-descriptions.ts";
import type { BackendState } from "./schemas/state.ts";

/** The backends of each route, and how they are. */
export function backendStates({ routes }: Snapshot): BackendState[] {
  return routes.flatMap((route) => {
    const names = upstreamNames(route);
    return route.upstreams.flatMap(({ backends }, index) => {
      const inUse = new Set<Backend>(availableOf(backends, "fail").inUse);
      const whole = backends.reduce(
        (sum, backend) => sum + (inUse.has(backend) ? backend.currentWeight : 0),
        0,
      );
      return backends.map((backend): BackendState => {
        const { url, weight, inFlight, health, drain, ejection, breaker } = backend;
        return {
          route: route.id,
          upstream: names[index] ?? "",
          url,
          healthy: health.healthy,
          drained: drain.isOn,
          weight,
          share: inUse.has(backend) && whole > 0 ? backend.currentWeight / whole : 0,
          in_flight: inFlight,
          ejected_until: timestamp(ejection?.endsAt),
          circuit_breaker: breaker?.state ?? null,
          last_checked_at: timestamp(health.lastCheckedAt),
          last_error: health.lastError ?? null,
        };
      });
    });
  });
}

/** So many backends are watched for changes: to look at ten thousand takes some milliseconds. */
const MOST_WATCHED = 2_000;

/** What is reported to operators as soon as it changes: whether backends get requests, and why not. */
export function changesOfBackends({ routes }: Snapshot) {
  const seen = new Set<Upstream>();
  const states: object[] = [];
  for (const route of routes) {
    const names = upstreamNames(route);
    for (const [index, upstream] of route.upstreams.entries()) {
      if (seen.has(upstream)) continue;
      seen.add(upstream);
      for (const { url, health, drain, ejection, breaker } of upstream.backends) {
        if (states.length >= MOST_WATCHED) return states;
        states.push({
          upstream: names[index] ?? "",
          url,
          healthy: health.healthy,
          drained: drain.isOn,
          ejected: ejection?.isEjected === true,
          circuit_breaker: breaker?.state ?? null,
        });
      }
    }
  }
  return states;
}

/** Of Unix epoch milliseconds; null if there are none. */
function timestamp(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
