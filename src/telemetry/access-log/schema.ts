import { Database, SQLiteError } from "bun:sqlite";
import { statSync } from "node:fs";
import { readTimestamp } from "../timestamp.ts";
import { COLUMNS } from "./columns.ts";

/** Changes of data. The step at index N leads from `PRAGMA user_version` N to N + 1. */
const MIGRATIONS: readonly ((db: Database) => void)[] = [rewriteTimestamps];

/** The columns that every access log has had since the first gateway. */
const FIRST_COLUMNS = [
  "source",
  "level",
  "message",
  "timestamp",
  "method",
  "path",
  "status_code",
  "latency_ms",
  "client_ip",
  "user_agent",
  "backend",
];

/** This gateway must not write to the database. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

/** The database is damaged; the message says where. */
export class CorruptError extends Error {
  override readonly name = "CorruptError";
}

/** Throws if the database is not an access log, before anything in it is changed. */
export function requireAccessLog(db: Database): void {
  const tables = tablesOf(db);
  if (tables.length > 0 && !tables.includes("logs")) {
    throw new SchemaError(
      `it is another program's database, with a table "${tables[0]}" and no table "logs": ` +
        "set another logging.database",
    );
  }
  const version = numberOf(db, "user_version");
  if (version > MIGRATIONS.length) {
    throw new SchemaError(
      `it was written by a newer gateway (schema ${version}; this one knows up to ` +
        `${MIGRATIONS.length}): use that gateway, or set another logging.database`,
    );
  }
  const present = columnsOf(db);
  const missing = ["id", ...FIRST_COLUMNS].filter((name) => !present.has(name));
  if (present.size > 0 && missing.length > 0) {
    throw new SchemaError(
      `its table "logs" is not an access log (no column ${missing.join(", ")}): ` +
        "set another logging.database",
    );
  }
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

/** Whether the database can be read and has tables, but no access log. */
export function isSomebodyElses(path: string): boolean {
  try {
    using db = new Database(path, { readonly: true });
    const tables = tablesOf(db);
    return tables.length > 0 && !tables.includes("logs");
  } catch {
    return false;
  }
}

function tablesOf(db: Database): string[] {
  return db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
    )
    .all()
    .map(({ name }) => name);
}

/**
 * Brings the database to this gateway's schema in one transaction, keeping its rows. Other columns
 * stay, and are NULL in new rows.
 */
export function migrate(db: Database): void {
  if (numberOf(db, "user_version") === MIGRATIONS.length && missingStatements(db).length === 0) {
    return;
  }
  const steps = db.transaction(() => {
    // Read again under the lock: another gateway may have migrated it meanwhile.
    for (const statement of missingStatements(db)) db.run(statement);
    for (const step of MIGRATIONS.slice(numberOf(db, "user_version"))) step(db);
    db.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
  steps.immediate();
}

/** Statements that create the missing parts of the schema. */
function missingStatements(db: Database): string[] {
  const present = columnsOf(db);
  const definitions = COLUMNS.map(({ name, type }) => ({ name, sql: `${name} ${type}` }));
  const table =
    present.size === 0
      ? [
          `CREATE TABLE logs (id INTEGER PRIMARY KEY, ${definitions.map(({ sql }) => sql).join(", ")})`,
        ]
      : definitions
          .filter(({ name }) => !present.has(name))
          .map(({ sql }) => `ALTER TABLE logs ADD COLUMN ${sql}`);
  const names = new Set(
    db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema")
      .all()
      .map(({ name }) => name),
  );
  return [
    ...table,
    ...Object.entries(FURTHER_PARTS)
      .filter(([name]) => !names.has(name))
      .map(([, sql]) => sql),
  ];
}

/** By name; existing objects with these names are left as they are. */
const FURTHER_PARTS = {
  logs_timestamp: "CREATE INDEX logs_timestamp ON logs (timestamp)",
  // Times in SQLite's own format, which compare with datetime('now', '-1 hour').
  exchanges: `CREATE VIEW exchanges AS
    SELECT substr(timestamp, 1, 10) || ' ' || substr(timestamp, 12, 12) AS time, logs.* FROM logs`,
};

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

/** The value of a PRAGMA that returns one number. */
export function numberOf(db: Database, pragma: string): number {
  const row = db.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get();
  return row?.[pragma] ?? 0;
}

function columnsOf(db: Database): Set<string> {
  const columns = db
    .query<{ name: string }, []>("SELECT name FROM pragma_table_xinfo('logs')")
    .all();
  return new Set(columns.map(({ name }) => name));
}

/** Older drivers wrote timestamps in formats that do not sort with ours. */
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
