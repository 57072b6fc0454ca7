import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { numberOf } from "./schema.ts";

export interface Limits {
  /** Milliseconds that a row is kept; 0 for ever. */
  readonly maxAge: number;
  /** Bytes of the database with its -wal and -shm files; 0 for no limit. */
  readonly maxSize: number;
}

/** A few milliseconds of work each. */
const ROWS_PER_STEP = 1000;
const PAGES_PER_STEP = 256;
/** Deleting goes this far below the limit, so that it is not due again at once. */
const AIM = 0.9;
/** Free pages are used again by new rows; only beyond this share are they worth giving back. */
const FREE_SHARE = 0.1;

/**
 * Deletes the oldest rows until the limits hold, and gives the file's free pages back. Yields after
 * each step, so that rows can be written in between; `now` is epoch milliseconds.
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
  if (numberOf(db, "freelist_count") > numberOf(db, "page_count") * FREE_SHARE) {
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
  // It may have been the WAL alone that was too large.
  checkpoint(db, "TRUNCATE");
  if (sizeOnDisk(path) <= maxSize) return 0;
  const statement = db.query<unknown, []>(
    `DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY id LIMIT ${ROWS_PER_STEP})`,
  );
  // Judged by the pages in use, not by the file: it shrinks only later, and a reader may delay that.
  const aim = maxSize * AIM - fileSize(`${path}-shm`);
  let deleted = 0;
  while (bytesInUse(db) > aim) {
    const { changes } = statement.run();
    if (changes === 0) break;
    deleted += changes;
    yield;
  }
  return deleted;
}

function* giveBackPages(db: Database): Generator<void, void> {
  for (let before = Infinity; ;) {
    const free = numberOf(db, "freelist_count");
    // A file that could not be made shrinkable keeps its free pages.
    if (free === 0 || free >= before) return;
    before = free;
    // all(): the statement frees one page for each step that is taken of it.
    db.query(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
    yield;
  }
}

/**
 * Moves the WAL into the database as far as readers let it, and empties it with "TRUNCATE". Answers
 * how many pages are in the WAL.
 */
export function checkpoint(db: Database, mode: "PASSIVE" | "TRUNCATE"): { log: number } {
  return db.query<{ log: number }, []>(`PRAGMA wal_checkpoint(${mode})`).get() ?? { log: -1 };
}

function bytesInUse(db: Database): number {
  const pages = numberOf(db, "page_count") - numberOf(db, "freelist_count");
  return pages * numberOf(db, "page_size");
}

const sizeOnDisk = (path: string): number =>
  fileSize(path) + fileSize(`${path}-wal`) + fileSize(`${path}-shm`);

const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
