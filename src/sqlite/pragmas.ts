import { Database, SQLiteError } from "bun:sqlite";
import { statSync } from "node:fs";
import { CorruptError } from "./errors.ts";

/** The value of a PRAGMA that returns one number. */
export function numberOf(db: Database, pragma: string): number {
  const row = db.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get();
  return row?.[pragma] ?? 0;
}

/** The names of its tables, without SQLite's own. */
export function tablesOf(db: Database): string[] {
  return db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
    )
    .all()
    .map(({ name }) => name);
}

/** Whether a file can be read as a database and has tables, but not this one. */
export function isAnotherDatabase(path: string, table: string): boolean {
  try {
    using db = new Database(path, { readonly: true });
    const tables = tablesOf(db);
    return tables.length > 0 && !tables.includes(table);
  } catch {
    return false;
  }
}

/**
 * Copies the WAL into the database as far as readers allow; "TRUNCATE" then empties it. Returns the
 * number of pages in the WAL.
 */
export function checkpoint(db: Database, mode: "PASSIVE" | "TRUNCATE"): { log: number } {
  return db.query<{ log: number }, []>(`PRAGMA wal_checkpoint(${mode})`).get() ?? { log: -1 };
}

/** Files up to this size are always checked, which takes up to 0.3 s. */
const CHECKED_BYTES = 64 * 2 ** 20;

/**
 * Checks the whole file if it is small, or if a WAL was left, as after a crash or a power failure.
 * @throws {CorruptError}
 */
export function requireSound(db: Database, path: string): void {
  const bytes = numberOf(db, "page_count") * numberOf(db, "page_size");
  const leftover = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > CHECKED_BYTES && leftover === 0) return;
  const found = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== undefined && found !== "ok") {
    throw new CorruptError(found.replace(/^\*\*\*.*\*\*\*\n/, ""));
  }
}

/**
 * Lets the file shrink (auto_vacuum = INCREMENTAL). Must be called before the first table is created;
 * an existing file is rewritten once. False if there was no room for that.
 */
export function makeShrinkable(db: Database): boolean {
  const incremental = 2;
  if (numberOf(db, "auto_vacuum") === incremental) return true;
  const isNew = numberOf(db, "page_count") === 0;
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  if (isNew) return true;
  try {
    db.run("VACUUM");
    return true;
  } catch (error) {
    if (error instanceof SQLiteError && error.code === "SQLITE_FULL") return false;
    throw error;
  }
}

const PAGES_PER_STEP = 256;
/** New rows reuse free pages; above this share of the file they are returned to the system. */
const FREE_SHARE = 0.1;

/** Whether so much of the file is free that it is worth returning. */
export function hasManyFreePages(db: Database): boolean {
  return numberOf(db, "freelist_count") > numberOf(db, "page_count") * FREE_SHARE;
}

/** Returns free pages to the system, in steps of a few milliseconds. */
export function* giveBackPages(db: Database): Generator<void, void> {
  for (let before = Infinity; ;) {
    const free = numberOf(db, "freelist_count");
    // A file that could not be made shrinkable keeps its free pages.
    if (free === 0 || free >= before) return;
    before = free;
    // all(): the statement frees one page per step.
    db.query(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`).all();
    yield;
  }
}
