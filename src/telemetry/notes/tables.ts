/** The statements that create the tables, by their names. */
export const noteTables: Readonly<Record<string, string>> = {
  audit: `CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL, "by" TEXT NOT NULL,
    peer TEXT NOT NULL, details TEXT NOT NULL, outcome TEXT NOT NULL)`,
  // Numbers are never used again: people quote them.
  configurations: `CREATE TABLE configurations (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, in_force_from TEXT NOT NULL,
    cause TEXT NOT NULL, "by" TEXT NOT NULL, file TEXT)`,
  configuration_texts: `CREATE TABLE configuration_texts (id TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID`,
};
