import { Elysia, t } from "elysia";
import { purgeInSteps } from "../../policies/cache/purge.ts";
import { ResponseCache } from "../../policies/cache/response-cache.ts";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";
import type { Clock } from "../../time/clock.ts";
import { runInSlices } from "../../time/slices.ts";

export interface CachePagesSubject {
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
}

const purgeSchema = t.Object(
  {
    path: t.Optional(t.String({ pattern: "^/" })),
    prefix: t.Optional(t.String({ pattern: "^/" })),
    tag: t.Optional(t.String({ minLength: 1 })),
    all: t.Optional(t.Literal(true)),
    route: t.Optional(t.String()),
    host: t.Optional(t.String()),
  },
  { additionalProperties: false },
);

/** Milliseconds of a purge between which requests are served. */
const SLICE = 2;

/**
 * GET /admin/cache: what each route's cache has and has done. POST /admin/cache/purge: removes stored
 * answers, of all routes or of one.
 */
export function cachePages({ snapshot, clock }: CachePagesSubject) {
  return new Elysia({ normalize: false })
    .get("/cache", () => ({ routes: Object.fromEntries(described(snapshot())) }))
    .post(
      "/cache/purge",
      async ({ body: { route, ...what } }) => {
        const given = (["path", "prefix", "tag", "all"] as const).filter((key) => key in what);
        if (given.length !== 1) {
          return refusal("name exactly one of `path`, `prefix`, `tag` and `all`");
        }
        const caches = [...cachesOf(snapshot())];
        const meant = route === undefined ? caches : caches.filter(([id]) => id === route);
        if (route !== undefined && meant.length === 0) {
          const known = caches.map(([id]) => id).join(", ");
          return refusal(`no route \`${route}\` has a cache; those that have one: ${known}`);
        }
        const steps = purgeInSteps(
          meant.map(([, cache]) => cache),
          what,
        );
        return { purged: await runInSlices(steps, { clock, defer: setImmediate, slice: SLICE }) };
      },
      { body: purgeSchema },
    );
}

function refusal(text: string): Response {
  return new Response(`${text}\n`, { status: 422 });
}

/** The caches of the routes that have one. */
export function* cachesOf({ routes }: Snapshot): Generator<[id: string, cache: ResponseCache]> {
  for (const { id, chain } of routes) {
    const cache = chain.policies.find((policy) => policy instanceof ResponseCache);
    if (cache !== undefined) yield [id, cache];
  }
}

function described(snapshot: Snapshot) {
  return [...cachesOf(snapshot)].map(([id, { shelf, waiting }]) => {
    const { entries, bytes, size, counts } = shelf;
    return [id, { entries, bytes, max_bytes: size, ...counts, waiting }];
  });
}
