import type { Database, Statement } from "bun:sqlite";
import { USAGE_MINUTES_KEPT } from "../../src/telemetry/rollups/retention.ts";
import { bucketOf } from "../../src/telemetry/rollups/histogram.ts";
import { beginOf, MINUTE, type Step, STEPS } from "../../src/telemetry/rollups/steps.ts";
import { Sums } from "../../src/telemetry/rollups/sums.ts";
import { SUM_COLUMNS } from "../../src/telemetry/rollups/tables.ts";

export interface History {
  /** Its end in epoch milliseconds, without it. */
  readonly to: number;
  readonly days: number;
  /** Routes with a backend each. */
  readonly routes: number;
  /** Every route's, with these classes: [2, 5] makes two series of each. */
  readonly classes?: readonly number[];
  /** Of each series and minute, about; 30 by default. */
  readonly requests?: number;
  /** Clients, each of them with a minute's requests in every step; none by default. */
  readonly clients?: number;
}

/** Different minutes to choose from. */
const VARIETY = 97;

interface Prepared {
  readonly sums: Sums;
  readonly latencies: Uint8Array;
}

/**
 * Fills the rollup tables of an access log with a past, as if a gateway had served it: the same numbers as
 * from rows, in a hundredth of the time. Returns how many requests there are.
 */
export function writeRollupHistory(db: Database, history: History): number {
  const { days, routes, classes = [2, 5], requests = 30, clients = 0 } = history;
  const to = beginOf(MINUTE, history.to / 1_000);
  const from = to - days * 86_400;
  const prepared = Array.from({ length: VARIETY }, (_, at) => preparedMinute(at, requests));
  const tables = { rollups: inserter(db, "rollups"), totals: inserter(db, "rollup_totals") };
  const usage =
    db.prepare(`INSERT INTO rollup_usage (step, kind, at, value, ${SUM_COLUMNS.join(", ")}, last_at)
    VALUES (?, 'client', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const series = db.prepare("INSERT INTO rollup_series VALUES (?, ?, ?, '', ?, ?, ?, ?)");
  let all = 0;
  db.run("BEGIN");
  for (let route = 0; route < routes; route += 1) {
    for (const [place, statusClass] of classes.entries()) {
      const id = route * classes.length + place + 1;
      series.run(
        id,
        `/api/${route}/*`,
        `http://10.0.0.${route}:80`,
        statusClass,
        from * 1_000,
        to * 1_000 - 1,
        0,
      );
    }
  }
  const ids = routes * classes.length;
  const sumsOf = new Map<Step, Sums[]>(
    STEPS.map((step) => [step, Array.from({ length: ids + classes.length }, () => new Sums())]),
  );
  for (let at = from; at < to; at += MINUTE) {
    for (let id = 1; id <= ids; id += 1) {
      const one = prepared[(at / MINUTE + id * 31) % VARIETY] as Prepared;
      all += one.sums.requests;
      insert(tables.rollups, MINUTE, at, id, one.sums, one.latencies);
      for (const [step, sums] of sumsOf) {
        if (step !== MINUTE) sums[id - 1]?.merge(one.sums);
        sums[ids + ((id - 1) % classes.length)]?.merge(one.sums);
      }
    }
    for (const [step, sums] of sumsOf) {
      const isOver = (at + MINUTE) % step === 0 || at + MINUTE === to;
      if (isOver) flush(tables, step, beginOf(step, at), sums, ids, classes);
    }
    if (clients > 0) {
      for (const step of STEPS) {
        if (at % step !== 0 || (step === MINUTE && at < to - USAGE_MINUTES_KEPT)) continue;
        const one = prepared[0] as Prepared;
        for (let client = 0; client < clients; client += 1) {
          usage.run(
            step,
            at,
            `192.0.2.${client}`,
            ...numbersOf(one.sums),
            one.latencies,
            at * 1_000,
          );
        }
      }
    }
  }
  db.run("COMMIT");
  for (const statement of [tables.rollups, tables.totals, usage, series]) statement.finalize();
  return all;
}

function preparedMinute(variety: number, requests: number): Prepared {
  const sums = new Sums();
  const count = Math.max(1, requests + (variety % 7) - 3);
  for (let index = 0; index < count; index += 1) {
    const latency = 2 + (((variety + 1) * (index + 3) * 7919) % 1_000) ** 2 / 20_000;
    sums.latencies.add(bucketOf(latency));
    sums.latencyUs += Math.round(latency * 1_000);
  }
  sums.requests = count;
  sums.errors = variety % 5 === 0 ? 1 : 0;
  sums.bytesIn = 100 * count;
  sums.bytesOut = 2_000 * count;
  return { sums, latencies: Uint8Array.from(sums.latencies.encode()) };
}

const inserter = (db: Database, table: string): Statement =>
  db.prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ${SUM_COLUMNS.map(() => "?").join(", ")})`);

function insert(
  statement: Statement,
  step: number,
  at: number,
  key: number,
  sums: Sums,
  latencies: Uint8Array,
): void {
  statement.run(step, at, key, ...numbersOf(sums), latencies);
}

const numbersOf = (sums: Sums): number[] => [
  sums.requests,
  sums.errors,
  sums.bytesIn,
  sums.bytesOut,
  sums.tokensIn,
  sums.tokensOut,
  sums.latencyUs,
];

function flush(
  tables: { readonly rollups: Statement; readonly totals: Statement },
  step: Step,
  at: number,
  all: readonly Sums[],
  ids: number,
  classes: readonly number[],
): void {
  for (const [index, sums] of all.entries()) {
    if (sums.requests === 0) continue;
    const isTotal = index >= ids;
    const key = isTotal ? (classes[index - ids] ?? 0) : index + 1;
    insert(isTotal ? tables.totals : tables.rollups, step, at, key, sums, sums.latencies.encode());
    sums.clear();
  }
}
