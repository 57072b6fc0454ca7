import type { Database } from "bun:sqlite";
import { SchemaError } from "../../sqlite/errors.ts";
import type { DatabaseSchema } from "../../sqlite/open-database.ts";
import { numberOf, tablesOf } from "../../sqlite/pragmas.ts";
import { readTimestamp } from "../timestamp.ts";
import { COLUMNS } from "./columns.ts";
import { companionKinds } from "./companions.ts";

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

/** Throws if the database is not an access log, before anything in it is changed. */
function requireAccessLog(db: Database): void {
  const tables = tablesOf(db);
  // The tables of companions alone are what is left of a log.
  const foreign = tables.find((name) => !Object.hasOwn(FURTHER_PARTS, name));
  if (foreign !== undefined && !tables.includes("logs")) {
    throw new SchemaError(
      `it is another program's database, with a table "${foreign}" and no table "logs": ` +
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

/**
 * Brings the database to this gateway's schema in one transaction, keeping its rows. Other columns
 * stay, and are NULL in new rows.
 */
function migrate(db: Database): void {
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
      // Short, so that the whole schema is in the first page: that is written again and again, and so the
      // rows stay readable when other pages of the file are lost.
      .map(([, sql]) => sql.replaceAll(/\s+/g, " ")),
  ];
}

/** By name; existing objects with these names are left as they are. */
const FURTHER_PARTS: Readonly<Record<string, string>> = {
  logs_timestamp: "CREATE INDEX logs_timestamp ON logs (timestamp)",
  // Times in SQLite's own format, which compare with datetime('now', '-1 hour').
  exchanges: `CREATE VIEW exchanges AS
    SELECT substr(timestamp, 1, 10) || ' ' || substr(timestamp, 12, 12) AS time, logs.* FROM logs`,
  ...Object.fromEntries(companionKinds.flatMap(({ parts }) => Object.entries(parts))),
};

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

/** What an access log contains. */
export const accessLogSchema: DatabaseSchema = { require: requireAccessLog, migrate };
