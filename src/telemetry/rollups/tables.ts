/** What every table of sums has, by exchanges that arrived in a step. */
const SUMS = `requests INTEGER NOT NULL, errors INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    latency_us INTEGER NOT NULL, latencies BLOB NOT NULL`;

/**
 * The tables of rollups. `step` is 60, 3600 or 86400, `at` the step's beginning, both in seconds; `latencies`
 * is an encoded histogram. In the order of time, so that what is written together lies together.
 */
export const rollupTables: Readonly<Record<string, string>> = {
  // What was counted together, when it was first and last, and how often in all.
  rollup_series: `CREATE TABLE rollup_series (
    id INTEGER PRIMARY KEY, route TEXT NOT NULL, backend TEXT NOT NULL, upstream TEXT NOT NULL,
    class INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, requests INTEGER NOT NULL,
    UNIQUE (route, backend, upstream, class))`,
  rollups: `CREATE TABLE rollups (
    step INTEGER NOT NULL, at INTEGER NOT NULL, series INTEGER NOT NULL, ${SUMS},
    PRIMARY KEY (step, at, series)) WITHOUT ROWID`,
  // All series of a class together: an overview reads few rows, however many routes there are.
  rollup_totals: `CREATE TABLE rollup_totals (
    step INTEGER NOT NULL, at INTEGER NOT NULL, class INTEGER NOT NULL, ${SUMS},
    PRIMARY KEY (step, at, class)) WITHOUT ROWID`,
  rollup_usage: `CREATE TABLE rollup_usage (
    step INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL, ${SUMS},
    last_at INTEGER NOT NULL,
    PRIMARY KEY (step, kind, at, value)) WITHOUT ROWID`,
  // Sums of batches by minute that are still to be added to the others: see batch-code.ts.
  rollup_batches: `CREATE TABLE rollup_batches (id INTEGER PRIMARY KEY,
    at INTEGER, requests INTEGER, entries INTEGER, texts TEXT, sums BLOB)`,
  // The rows up to this id were written without rollups and are still to be summed up.
  rollup_backfill:
    "CREATE TABLE rollup_backfill AS SELECT coalesce(max(id), 0) AS last_id, 0 AS done FROM logs",
};

/** The columns of SUMS, in their order. All but the last are added up. */
export const SUM_COLUMNS = [
  "requests",
  "errors",
  "bytes_in",
  "bytes_out",
  "tokens_in",
  "tokens_out",
  "latency_us",
  "latencies",
] as const;
