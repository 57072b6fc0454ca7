import { Elysia } from "elysia";
import type { Snapshot } from "../../runtime/snapshot.ts";

/** What the operator's pages are about. */
export interface AdminSubject {
  readonly snapshot: () => Snapshot;
  readonly accessLogCounts: () => { written: number; queued: number; dropped: number };
}

/** The operator's interface. Who may see it is decided before a request gets here. */
export function createAdminApp(subject: AdminSubject) {
  return new Elysia({ prefix: "/admin" })
    .get("/backends", () => ({ backends: describeBackends(subject.snapshot()) }))
    .get("/log", () => subject.accessLogCounts());
}

function describeBackends(snapshot: Snapshot) {
  return Object.fromEntries(
    snapshot.routes.map(({ id, upstream }) => [
      id,
      upstream.backends.map(({ url, weight, health }) => ({
        url,
        healthy: health.healthy,
        weight,
        last_checked_at:
          health.lastCheckedAt === undefined ? null : new Date(health.lastCheckedAt).toISOString(),
        last_error: health.lastError ?? null,
        consecutive_failures: health.consecutiveFailures,
      })),
    ]),
  );
}
