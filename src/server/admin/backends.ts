import { Elysia } from "elysia";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";

export interface BackendPagesSubject {
  readonly snapshot: () => Snapshot;
}

/** GET /admin/backends: the backends of each route, and how they are. */
export function backendPages({ snapshot }: BackendPagesSubject) {
  return new Elysia().get("/backends", () => ({ backends: describeBackends(snapshot()) }));
}

function describeBackends(snapshot: Snapshot) {
  return Object.fromEntries(
    snapshot.routes.map(({ id, upstreams }) => [
      id,
      upstreams
        .flatMap(({ backends }) => backends)
        .map(({ url, weight, isBackup, labels, inFlight, health, drain, ejection, breaker }) => ({
          url,
          healthy: health.healthy,
          drained: drain.isOn,
          in_flight: inFlight,
          weight,
          backup: isBackup,
          labels,
          last_checked_at: timestamp(health.lastCheckedAt),
          last_error: health.lastError ?? null,
          consecutive_failures: health.consecutiveFailures,
          ejected_until: timestamp(ejection?.endsAt),
          circuit_breaker: breaker?.state ?? null,
        })),
    ]),
  );
}

/** Of Unix epoch milliseconds; null if there are none. */
function timestamp(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
