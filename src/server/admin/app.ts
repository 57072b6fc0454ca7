import { Elysia } from "elysia";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";

/** What the operator's pages show. */
export interface AdminSubject {
  readonly snapshot: () => Snapshot;
  readonly accessLogCounts: () => { written: number; queued: number; dropped: number };
}

/** The operator's pages. Access is checked before a request gets here. */
export interface AdminPages {
  /** Whether there is such a page. */
  readonly has: (method: string, path: string) => boolean;
  readonly handle: (request: Request) => Promise<Response>;
}

export function createAdminPages(subject: AdminSubject): AdminPages {
  const app = new Elysia({ prefix: "/admin" })
    .get("/backends", () => ({ backends: describeBackends(subject.snapshot()) }))
    .get("/log", () => subject.accessLogCounts());
  const pages = new Set(app.routes.map(({ method, path }) => `${method} ${path}`));
  const paths = app.routes.map(({ path }) => path);
  // On the operator's port only: the log names /admin, and the answer to a wrong path lists the right
  // ones.
  app
    .get("/", () => ({ pages: paths }))
    .onError({ as: "global" }, ({ code }) =>
      code === "NOT_FOUND" ? noSuchPage(paths) : undefined,
    );
  return {
    has: (method, path) => pages.has(`${method} ${path}`),
    handle: (request) => app.handle(request),
  };
}

function noSuchPage(paths: readonly string[]): Response {
  return new Response(`no such page; GET ${paths.join(" or GET ")}\n`, { status: 404 });
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
