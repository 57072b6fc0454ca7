import type { Database } from "bun:sqlite";
import { beginOf, DAY, HOUR, MINUTE, type Step } from "./steps.ts";
import { USAGE_KINDS } from "./batch-sums.ts";

/** How long usage is known to the minute, in seconds; from then on, to the hour. */
export const USAGE_MINUTES_KEPT = 4 * HOUR;
/** About so many rows are deleted at a time, which takes a few milliseconds. */
const ROWS_PER_STEP = 1_000;

/** Deletes the rollups that are over before a time, in epoch seconds. Yields after each step. */
export function* deleteRollupsBefore(db: Database, time: number): Generator<void, number> {
  let deleted = 0;
  for (const step of [MINUTE, HOUR, DAY] as const) {
    // A day is kept as long as a part of it is.
    const end = beginOf(step, time);
    for (const oldest of oldestOfStep(step)) deleted += yield* deleteBefore(db, oldest, end);
  }
  deleted += db
    .query("DELETE FROM rollup_series WHERE last_at < ?")
    .run(beginOf(DAY, time) * 1_000).changes;
  return deleted;
}

/** Deletes usage by the minute, which is only kept for hours. `now` in epoch seconds. */
export function* deleteUsageMinutes(db: Database, now: number): Generator<void, number> {
  let deleted = 0;
  for (const kind of USAGE_KINDS) {
    const end = beginOf(HOUR, now - USAGE_MINUTES_KEPT);
    deleted += yield* deleteBefore(db, usageOf(MINUTE, kind), end);
  }
  return deleted;
}

/**
 * Deletes the oldest of what takes most room, about a thousand rows: minutes before hours, and these before
 * days. False if there is nothing left.
 */
export function deleteOldestRollups(db: Database): boolean {
  for (const step of [MINUTE, HOUR, DAY] as const) {
    let deleted = 0;
    for (const oldest of oldestOfStep(step)) deleted += deleteSome(db, oldest, Infinity);
    if (deleted > 0) return true;
  }
  return db.query("DELETE FROM rollup_series").run().changes > 0;
}

/** Rows of a table that begin with these columns of its key. */
interface Prefix {
  readonly table: string;
  readonly where: string;
}

function oldestOfStep(step: Step): Prefix[] {
  return [
    { table: "rollups", where: `step = ${step}` },
    { table: "rollup_totals", where: `step = ${step}` },
    ...USAGE_KINDS.map((kind) => usageOf(step, kind)),
  ];
}

const usageOf = (step: Step, kind: string): Prefix => ({
  table: "rollup_usage",
  where: `step = ${step} AND kind = '${kind}'`,
});

function* deleteBefore(db: Database, prefix: Prefix, end: number): Generator<void, number> {
  let deleted = 0;
  for (;;) {
    const now = deleteSome(db, prefix, end);
    if (now === 0) return deleted;
    deleted += now;
    yield;
  }
}

/** Deletes the oldest beginnings before `end`, of about `ROWS_PER_STEP` rows. Returns how many rows. */
function deleteSome(db: Database, { table, where }: Prefix, end: number): number {
  // The beginning after so many rows, so that whole ones go.
  const last = db
    .query<{ at: number }, [number]>(
      `SELECT at FROM ${table} WHERE ${where} AND at < ? ORDER BY at LIMIT 1 OFFSET ${ROWS_PER_STEP - 1}`,
    )
    .get(end === Infinity ? Number.MAX_SAFE_INTEGER : end);
  const statement = db.query<unknown, [number]>(
    last === null
      ? `DELETE FROM ${table} WHERE ${where} AND at < ?`
      : `DELETE FROM ${table} WHERE ${where} AND at <= ?`,
  );
  return statement.run(last?.at ?? (end === Infinity ? Number.MAX_SAFE_INTEGER : end)).changes;
}
