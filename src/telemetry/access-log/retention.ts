import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { checkpoint, giveBackPages, hasManyFreePages, numberOf } from "../../sqlite/pragmas.ts";
import { companionKinds } from "./companions.ts";
import type { Limits } from "./limits.ts";

/** Each step takes a few milliseconds. */
const ROWS_PER_STEP = 1000;
/** Rollups go before rows that take less than this share of the limit. */
const ROWS_SHARE = 0.25;
/** Deletion continues to this share of the limit, so that it is not due again at once. */
const AIM = 0.9;

/**
 * Deletes the oldest rows until the limits hold, and returns free pages to the system. Yields after
 * each step, so that rows can be written in between; `now` is in epoch milliseconds.
 */
export function* retention(
  db: Database,
  path: string,
  limits: Limits,
  now: number,
): Generator<void, void> {
  let deleted = 0;
  if (limits.maxAge > 0) deleted += yield* deleteOlderThan(db, now - limits.maxAge);
  if (limits.maxSize > 0) deleted += yield* deleteAbove(db, path, limits.maxSize);
  for (const kind of companionKinds) {
    if (kind.retention !== undefined) yield* kind.retention(db, limits, now);
  }
  if (hasManyFreePages(db)) {
    yield* giveBackPages(db);
  } else if (deleted === 0) {
    return;
  }
  checkpoint(db, "TRUNCATE");
}

function* deleteOlderThan(db: Database, time: number): Generator<void, number> {
  const statement = db.query<unknown, [string]>(
    `DELETE FROM logs WHERE id IN
       (SELECT id FROM logs WHERE timestamp < ? ORDER BY timestamp LIMIT ${ROWS_PER_STEP})`,
  );
  const cutoff = new Date(time).toISOString();
  let deleted = 0;
  for (;;) {
    const { changes } = statement.run(cutoff);
    deleted += changes;
    if (changes < ROWS_PER_STEP) return deleted;
    yield;
  }
}

function* deleteAbove(db: Database, path: string, maxSize: number): Generator<void, number> {
  if (sizeOnDisk(path) <= maxSize) return 0;
  // Perhaps only the WAL was too large.
  checkpoint(db, "TRUNCATE");
  if (sizeOnDisk(path) <= maxSize) return 0;
  const statement = db.query<unknown, []>(
    `DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY id LIMIT ${ROWS_PER_STEP})`,
  );
  // The file shrinks later, and a reader can delay that, so this counts pages in use.
  const aim = maxSize * AIM - fileSize(`${path}-shm`);
  let deleted = 0;
  let bytesPerRow = Infinity;
  for (let used = bytesInUse(db); used > aim;) {
    const haveRowsMuch = rowsIn(db) * bytesPerRow > maxSize * ROWS_SHARE;
    if (haveRowsMuch || !deleteOldestOfCompanions(db)) {
      const { changes } = statement.run();
      if (changes === 0 && !deleteOldestOfCompanions(db)) break;
      deleted += changes;
      // What their index takes would otherwise cost further rows.
      for (const kind of companionKinds) kind.forgetDeleted?.(db);
      if (changes > 0) bytesPerRow = (used - bytesInUse(db)) / changes;
    }
    used = bytesInUse(db);
    yield;
  }
  return deleted;
}

/** About how many rows there are: without those missing in between. */
function rowsIn(db: Database): number {
  const range = db
    .query<{ rows: number | null }, []>(
      "SELECT (SELECT max(id) FROM logs) - (SELECT min(id) FROM logs) + 1 AS rows",
    )
    .get();
  return range?.rows ?? 0;
}

/** What accompanies the rows goes when few rows are left. False if there is nothing to delete. */
const deleteOldestOfCompanions = (db: Database): boolean =>
  companionKinds.some((kind) => kind.deleteOldest?.(db) ?? false);

function bytesInUse(db: Database): number {
  const pages = numberOf(db, "page_count") - numberOf(db, "freelist_count");
  return pages * numberOf(db, "page_size");
}

const sizeOnDisk = (path: string): number =>
  fileSize(path) + fileSize(`${path}-wal`) + fileSize(`${path}-shm`);

const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
