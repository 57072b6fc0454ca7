import { SchemaError } from "../../../sqlite/errors.ts";
import type { DatabaseSchema } from "../../../sqlite/open-database.ts";
import { numberOf, tablesOf } from "../../../sqlite/pragmas.ts";

const VERSION = 1;

/** Times are Unix epoch milliseconds. */
const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS quotas (
     id INTEGER PRIMARY KEY, name TEXT NOT NULL, per TEXT NOT NULL, time_zone TEXT NOT NULL,
     key TEXT NOT NULL, UNIQUE (name, per, time_zone, key))`,
  `CREATE TABLE IF NOT EXISTS counts (
     quota INTEGER NOT NULL, begins INTEGER NOT NULL, key TEXT NOT NULL, ends INTEGER NOT NULL,
     used INTEGER NOT NULL, granted INTEGER NOT NULL, changed INTEGER NOT NULL,
     PRIMARY KEY (quota, begins, key)) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS counts_used ON counts (quota, begins, used DESC)`,
  `CREATE INDEX IF NOT EXISTS counts_ends ON counts (ends)`,
  // For people.
  `CREATE VIEW IF NOT EXISTS usage AS
     SELECT quotas.name AS quota, per, counts.key, used, granted,
       datetime(begins / 1000, 'unixepoch') AS begins, datetime(ends / 1000, 'unixepoch') AS ends,
       datetime(changed / 1000, 'unixepoch') AS changed
     FROM counts JOIN quotas ON quotas.id = counts.quota`,
];

/** What a file of quotas contains. */
export const countSchema: DatabaseSchema = {
  require(db) {
    const tables = tablesOf(db);
    if (tables.length > 0 && !tables.includes("counts")) {
      throw new SchemaError(
        `it is another program's database, with a table "${tables[0]}" and no table "counts": move it away`,
      );
    }
    const version = numberOf(db, "user_version");
    if (version > VERSION) {
      throw new SchemaError(
        `it was written by a newer gateway (schema ${version}; this one knows up to ${VERSION}): use that gateway, or move the file away`,
      );
    }
  },
  migrate(db) {
    if (numberOf(db, "user_version") === VERSION && tablesOf(db).includes("counts")) return;
    const create = db.transaction(() => {
      for (const statement of STATEMENTS) db.run(statement);
      db.run(`PRAGMA user_version = ${VERSION}`);
    });
    create.immediate();
  },
};
