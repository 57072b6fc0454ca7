import type { Database } from "bun:sqlite";
import type { CompanionKind } from "../access-log/companion.ts";
import { writeNotes } from "./note-writer.ts";
import { noteTables } from "./tables.ts";

/** So many configurations are kept whatever their age, and of their texts so many characters. */
const MOST_CONFIGURATIONS = 1_000;
const MOST_TEXT = 32 * 2 ** 20;
/** Somebody who guesses tokens writes one every second. */
const MOST_AUDIT = 100_000;
const ROWS_PER_STEP = 1_000;

/** What was changed by whom, and every configuration that was in force; kept like rollups are. */
export const notes: CompanionKind = {
  parts: noteTables,
  open: (db) => ({
    append() {},
    note: (written) => writeNotes(db, written),
  }),
  *retention(db, { maxRollupAge }, now) {
    if (maxRollupAge > 0) {
      const before = new Date(now - maxRollupAge).toISOString();
      yield* deleteAudit(db, before);
      deleteConfigurations(db, before);
      yield;
    }
    deleteSurplus(db);
    db.query("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?").run(MOST_AUDIT);
  },
};

function* deleteAudit(db: Database, before: string): Generator<void, void> {
  const statement = db.query<unknown, [string]>(
    `DELETE FROM audit WHERE id IN
       (SELECT id FROM audit WHERE at < ? ORDER BY id LIMIT ${ROWS_PER_STEP})`,
  );
  while (statement.run(before).changes === ROWS_PER_STEP) yield;
}

/** Those that another one replaced before a time. The last one is in force still. */
function deleteConfigurations(db: Database, before: string): void {
  const { changes } = db
    .query<unknown, [string]>(
      `DELETE FROM configurations WHERE number <
         (SELECT max(number) FROM configurations WHERE in_force_from < ?)`,
    )
    .run(before);
  if (changes > 0) deleteTexts(db);
}

function deleteSurplus(db: Database): void {
  const sizes = db
    .query<{ number: number; length: number }, []>(
      `SELECT number, length(text) AS length FROM configurations
       LEFT JOIN configuration_texts USING (id) ORDER BY number DESC LIMIT ${MOST_CONFIGURATIONS}`,
    )
    .all();
  let characters = 0;
  let oldest: number | undefined;
  for (const { number, length } of sizes) {
    characters += length;
    if (oldest !== undefined && characters > MOST_TEXT) break;
    oldest = number;
  }
  if (oldest === undefined) return;
  const { changes } = db
    .query<unknown, [number]>("DELETE FROM configurations WHERE number < ?")
    .run(oldest);
  if (changes > 0) deleteTexts(db);
}

function deleteTexts(db: Database): void {
  db.run("DELETE FROM configuration_texts WHERE id NOT IN (SELECT id FROM configurations)");
}
