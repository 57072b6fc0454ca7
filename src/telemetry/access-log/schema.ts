import { SQLiteError } from "bun:sqlite";
import type { Database } from "bun:sqlite";
import { COLUMNS, FIRST_COLUMNS } from "./columns.ts";
import { readTimestamp } from "./timestamp.ts";

/** One step each from its place in this list to the next `PRAGMA user_version`. */
const MIGRATIONS: readonly ((db: Database) => void)[] = [createOrAdopt];

/** The database is not one that this gateway can write to. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

/** Refuses what is not ours to write to, before anything in it is touched. */
export function requireAccessLog(db: Database): void {
  const version = numberOf(db, "user_version");
  if (version > MIGRATIONS.length) {
    throw new SchemaError(
      `it was written by a newer gateway (schema ${version}; this one knows up to ` +
        `${MIGRATIONS.length}): use that gateway, or set another logging.database`,
    );
  }
  const present = columnsOf(db);
  const missing = ["id", ...Object.keys(FIRST_COLUMNS)].filter((name) => !present.has(name));
  if (present.size > 0 && missing.length > 0) {
    throw new SchemaError(
      `its table "logs" is not an access log (no column ${missing.join(", ")}): ` +
        "set another logging.database",
    );
  }
}

/** Brings the database to this gateway's schema, wholly or not at all, keeping its rows. */
export function migrate(db: Database): void {
  if (numberOf(db, "user_version") === MIGRATIONS.length) return;
  const steps = db.transaction(() => {
    // Read again under the lock: another gateway may have been here meanwhile.
    for (const step of MIGRATIONS.slice(numberOf(db, "user_version"))) step(db);
    db.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
  steps.immediate();
}

/**
 * Lets the file give pages back (auto_vacuum = INCREMENTAL); call it before the first table is made.
 * A file that has grown without this is rewritten once. False when there was no room to do so.
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

/** The value of a PRAGMA that answers one number. */
export function numberOf(db: Database, pragma: string): number {
  const row = db.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get();
  return row?.[pragma] ?? 0;
}

/** Version 0 is a new file, or one of the first gateway: a `logs` table with the first columns. */
function createOrAdopt(db: Database): void {
  const definitions = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`);
  db.run(`CREATE TABLE IF NOT EXISTS logs (id INTEGER PRIMARY KEY, ${definitions.join(", ")})`);

  const present = columnsOf(db);
  for (const [name, type] of Object.entries(COLUMNS)) {
    if (!present.has(name)) db.run(`ALTER TABLE logs ADD COLUMN ${name} ${type}`);
  }
  rewriteTimestamps(db);
  db.run("CREATE INDEX IF NOT EXISTS logs_timestamp ON logs (timestamp)");
}

function columnsOf(db: Database): Set<string> {
  const columns = db
    .query<{ name: string }, []>("SELECT name FROM pragma_table_info('logs')")
    .all();
  return new Set(columns.map(({ name }) => name));
}

/** Older drivers wrote timestamps in forms that do not sort with ours. */
function rewriteTimestamps(db: Database): void {
  const find = db.query<{ id: number; timestamp: unknown }, [number]>(
    `SELECT id, timestamp FROM logs
     WHERE id > ? AND timestamp NOT GLOB '????-??-??T??:??:??.???Z' ORDER BY id LIMIT 1000`,
  );
  const rewrite = db.query<unknown, [string, number]>("UPDATE logs SET timestamp = ? WHERE id = ?");
  let last = -1;
  for (let rows = find.all(last); rows.length > 0; rows = find.all(last)) {
    for (const { id, timestamp } of rows) {
      const text = readTimestamp(timestamp);
      if (text !== undefined) rewrite.run(text, id);
      last = id;
    }
  }
}
