import type { Database } from "bun:sqlite";
import type { AuditNote, ConfigurationNote, Note } from "./note.ts";

/** Writes notes; to be called within a transaction. */
export function writeNotes(db: Database, notes: readonly Note[]): void {
  for (const note of notes) {
    if (note.kind === "audit") writeAudit(db, note);
    else writeConfiguration(db, note);
  }
}

function writeAudit(db: Database, note: AuditNote): void {
  const { at, action, by, peer, details, outcome } = note;
  db.query(
    `INSERT INTO audit (at, action, "by", peer, details, outcome) VALUES (?, ?, ?, ?, ?, ?)`,
  ).run(new Date(at).toISOString(), action, by, peer, details, outcome);
}

function writeConfiguration(db: Database, note: ConfigurationNote): void {
  const { at, id, cause, by, file = null, text } = note;
  const last = db
    .query<{ id: string }, []>("SELECT id FROM configurations ORDER BY number DESC LIMIT 1")
    .get();
  // A restart brings nothing new into force, and there may be many of them.
  if (cause === "start" && last?.id === id) return;
  db.query("INSERT OR IGNORE INTO configuration_texts (id, text) VALUES (?, ?)").run(id, text);
  db.query(
    `INSERT INTO configurations (id, in_force_from, cause, "by", file) VALUES (?, ?, ?, ?, ?)`,
  ).run(id, new Date(at).toISOString(), cause, by, file);
}
