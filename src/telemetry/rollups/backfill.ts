import type { Database } from "bun:sqlite";
import type { RollupWriter } from "./rollup-writer.ts";
import type { Counted } from "./sums.ts";

/** Takes a few milliseconds. */
const ROWS_PER_STEP = 1_000;
/** Older rows are not summed up: reading them would take too long. Some 10 to 20 s. */
const MOST_ROWS = 5_000_000;

interface Row {
  readonly id: number;
  /** In ISO 8601. */
  readonly time: string;
  readonly severity: string;
}

const text = (column: string): string => `coalesce(${column}, '')`;
const number = (column: string): string => `coalesce(${column}, 0)`;

const ROWS = `SELECT id, timestamp AS time, level AS severity, ${number("status_code")} AS statusCode,
    ${number("latency_ms")} AS latencyMs, ${text("client_ip")} AS clientIp, ${text("backend")} AS backend,
    ${text("route")} AS route, ${number("bytes_in")} AS bytesIn, ${number("bytes_out")} AS bytesOut,
    ${text("error_code")} AS errorCode, ${text("ended_by")} AS endedBy, ${text("subject")} AS subject,
    ${text("provider")} AS provider, ${text("upstream")} AS upstream, ${text("refused_by")} AS refusedBy,
    ${text("model")} AS model, ${number("tokens_in")} AS tokensIn, ${number("tokens_out")} AS tokensOut
  FROM logs WHERE id <= ? ORDER BY id DESC LIMIT ${ROWS_PER_STEP}`;

interface State {
  readonly last_id: number;
  readonly done: number;
}

/**
 * Sums up rows that an older gateway wrote, once, the newest first; `oldest` in epoch milliseconds. Yields
 * after each step. What has been done is in the file, so it goes on after a restart.
 */
export function* backfill(
  db: Database,
  writer: RollupWriter,
  oldest: number,
): Generator<void, void> {
  const state = db.prepare<State, []>("SELECT last_id, done FROM rollup_backfill");
  const rowsUpTo = db.prepare<Row & Omit<Counted, "timestamp" | "level">, [number]>(ROWS);
  const update = db.prepare("UPDATE rollup_backfill SET last_id = ?, done = ?");
  /** True if there is more to do. */
  const step = db.transaction((): boolean => {
    const { last_id: lastId, done } = state.get() ?? { last_id: 0, done: 0 };
    if (lastId <= 0) return false;
    const rows = rowsUpTo.all(lastId);
    const records = rows.map(recordOf).filter(({ timestamp }) => timestamp >= oldest);
    writer.add(records.toReversed());
    while (writer.merge());
    const isLast =
      rows.length < ROWS_PER_STEP || records.length === 0 || done + rows.length >= MOST_ROWS;
    update.run(isLast ? 0 : (rows.at(-1)?.id ?? 0) - 1, done + rows.length);
    return !isLast;
  });
  try {
    while (step.immediate()) yield;
  } finally {
    for (const statement of [state, rowsUpTo, update]) statement.finalize();
  }
}

function recordOf(row: Row & Omit<Counted, "timestamp" | "level">): Counted {
  const timestamp = Date.parse(row.time);
  return {
    ...row,
    timestamp: Number.isNaN(timestamp) ? 0 : timestamp,
    level: row.severity === "ERROR" ? "error" : "info",
  };
}
