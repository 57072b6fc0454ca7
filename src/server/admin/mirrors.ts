import { Elysia } from "elysia";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";

export interface MirrorPagesSubject {
  readonly snapshot: () => Snapshot;
}

/** GET /admin/mirrors: what has become of the copies of each route's requests. */
export function mirrorPages({ snapshot }: MirrorPagesSubject) {
  return new Elysia().get("/mirrors", () => ({
    mirrors: Object.fromEntries(
      snapshot().routes.flatMap(({ id, mirrors }) =>
        mirrors.length === 0
          ? []
          : [[id, mirrors.map(({ name, counts }) => ({ upstream: name, ...counts }))] as const],
      ),
    ),
  }));
}
