import { DAY } from "../../rollups/steps.ts";
import type { Query } from "../query.ts";
import { requireRollups } from "./reader.ts";

/** From when to when a file has statistics; null for one without any. */
export interface Extent {
  readonly from: string;
  readonly to: string;
}

export const extent: Query<Readonly<Record<string, never>>, Extent | null> = (context) => {
  requireRollups(context);
  const { first, last } = context.db
    .query<{ first: number | null; last: number | null }, []>(
      `SELECT max((SELECT min(at) * 1000 FROM rollup_totals WHERE step = ${DAY}), min(first_at)) AS first,
         max(last_at) AS last FROM rollup_series`,
    )
    .get() ?? { first: null, last: null };
  if (first === null || last === null) return null;
  return { from: new Date(first).toISOString(), to: new Date(last).toISOString() };
};
