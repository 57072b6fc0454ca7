import { DAY } from "../../rollups/steps.ts";
import type { Query } from "../query.ts";
import { viewOf } from "./view.ts";

/** From when to when a file has statistics; null for one without any. */
export interface Extent {
  readonly from: string;
  readonly to: string;
}

export const extent: Query<Readonly<Record<string, never>>, Extent | null> = (context) => {
  const { db, pending } = viewOf(context);
  const merged = db
    .query<{ first: number | null; last: number | null }, []>(
      `SELECT max((SELECT min(at) * 1000 FROM rollup_totals WHERE step = ${DAY}), min(first_at)) AS first,
         max(last_at) AS last FROM rollup_series`,
    )
    .get();
  const [first, last] = pending.series.reduce<[first: number, last: number]>(
    ([begin, end], { sums: { at, lastAt } }) => [
      Math.min(begin, at * 1_000),
      Math.max(end, lastAt),
    ],
    [merged?.first ?? Infinity, merged?.last ?? -Infinity],
  );
  if (first > last) return null;
  return { from: new Date(first).toISOString(), to: new Date(last).toISOString() };
};
