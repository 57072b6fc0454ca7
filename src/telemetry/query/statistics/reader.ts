import { USAGE_KINDS, type UsageKind } from "../../rollups/batch-sums.ts";
import { beginOf, DAY, HOUR, MINUTE, type Step } from "../../rollups/steps.ts";
import type { BatchEntry, Sums } from "../../rollups/sums.ts";
import { SUM_COLUMNS } from "../../rollups/tables.ts";
import type { QueryContext } from "../query.ts";
import type { RollupView } from "./view.ts";
import type { Known, Piece } from "./window.ts";

/** Rows of a table of sums: the table, what tells its rows apart besides time, and which are wanted. */
export interface Source {
  readonly table: "rollups" | "rollup_totals" | "rollup_usage";
  readonly key: "series" | "class" | "value";
  /** Only of this kind, in `rollup_usage`. */
  readonly kind?: UsageKind;
  /** Only these keys. */
  readonly only?: readonly (string | number)[] | undefined;
}

type SumValues = [...numbers: number[], latencies: Uint8Array];

/** One statement reads so many steps at most, so that the time is looked at in between. */
const STEPS_PER_STATEMENT = 360;

/**
 * Passes every row in these pieces to `visit`, with its key, the beginning of its step in epoch seconds, and
 * its values for `addTo`.
 * @throws {QueryError} when the time is up
 */
export function readSums(
  view: RollupView,
  source: Source,
  pieces: readonly Piece[],
  visit: (key: string | number, at: number, values: SumValues) => void,
): void {
  for (const [key, at, ...values] of rowsOf(view, source, pieces, SUM_COLUMNS)) {
    visit(key as string | number, Number(at), values as unknown as SumValues);
  }
  for (const [key, at, entry] of pendingIn(view, source, pieces)) visit(key, at, valuesOf(entry));
}

/** How many requests each key had in these pieces. */
export function requestsByKey(
  view: RollupView,
  source: Source,
  pieces: readonly Piece[],
): Map<string | number, number> {
  const sums = new Map<string | number, number>();
  const add = (key: string | number, requests: number) =>
    sums.set(key, (sums.get(key) ?? 0) + requests);
  for (const [key, , requests] of rowsOf(view, source, pieces, ["requests"])) {
    add(key as string | number, Number(requests));
  }
  for (const [key, , { requests }] of pendingIn(view, source, pieces)) add(key, requests);
  return sums;
}

/** The pending sums of a source that are in these pieces, with their keys and the beginnings of the pieces' steps. */
function* pendingIn(
  { pending }: RollupView,
  { table, kind, only }: Source,
  pieces: readonly Piece[],
): Generator<[key: string | number, at: number, entry: BatchEntry], void> {
  const wanted = only === undefined ? undefined : new Set(only);
  const stepBegin = (at: number): number | undefined => {
    const piece = pieces.find(({ from, to }) => at >= from && at < to);
    return piece && beginOf(piece.step, at);
  };
  if (kind === undefined) {
    for (const entry of pending.series) {
      const begin = stepBegin(entry.sums.at);
      const key = table === "rollup_totals" ? entry.statusClass : entry.id;
      if (begin !== undefined && wanted?.has(key) !== false) yield [key, begin, entry.sums];
    }
    return;
  }
  for (const { value, sums } of pending.usage[kind]) {
    const begin = stepBegin(sums.at);
    if (begin !== undefined) yield [value, begin, sums];
  }
}

/** In the order of `SUM_COLUMNS`. */
const valuesOf = (entry: BatchEntry): SumValues => [
  entry.requests,
  entry.errors,
  entry.bytesIn,
  entry.bytesOut,
  entry.tokensIn,
  entry.tokensOut,
  entry.latencyUs,
  entry.latencies,
];

function* rowsOf(
  { db, time }: QueryContext,
  { table, key, kind, only }: Source,
  pieces: readonly Piece[],
  columns: readonly string[],
): Generator<unknown[], void> {
  const conditions = [
    "step = ?1 AND at >= ?2 AND at < ?3",
    ...(kind === undefined ? [] : [`kind = '${kind}'`]),
    ...(only === undefined ? [] : [`${key} IN (SELECT value FROM json_each(?4))`]),
  ];
  const statement = db.query(
    `SELECT ${[key, "at", ...columns].join(", ")} FROM ${table} WHERE ${conditions.join(" AND ")}`,
  );
  const keys = only === undefined ? [] : [JSON.stringify(only)];
  for (const { step, from, to } of pieces) {
    const span = step * STEPS_PER_STATEMENT;
    for (let start = from; start < to; start += span) {
      time.check();
      yield* statement.values(step, start, Math.min(to, start + span), ...keys);
    }
  }
}

/** Adds the values of a row, in the order of `SUM_COLUMNS`. */
export function addTo(sums: Sums, values: SumValues): void {
  const [requests = 0, errors = 0, bytesIn = 0, bytesOut = 0, tokensIn = 0, tokensOut = 0] =
    values as number[];
  sums.requests += requests;
  sums.errors += errors;
  sums.bytesIn += bytesIn;
  sums.bytesOut += bytesOut;
  sums.tokensIn += tokensIn;
  sums.tokensOut += tokensOut;
  sums.latencies.mergeEncoded(values[LATENCIES] as Uint8Array);
}

const LATENCIES = SUM_COLUMNS.indexOf("latencies");

/** From when on a source has each step. */
export function knownOf({ db }: QueryContext, { table, kind }: Source): Known {
  const oldest = (step: Step): number => {
    const kinds = kind === undefined ? [""] : USAGE_KINDS.map((one) => `AND kind = '${one}'`);
    const found = kinds.map(
      (condition) =>
        db
          .query<{ at: number | null }, [number]>(
            `SELECT min(at) AS at FROM ${table} WHERE step = ? ${condition}`,
          )
          .get(step)?.at ?? Infinity,
    );
    return Math.min(...found);
  };
  return { [MINUTE]: oldest(MINUTE), [HOUR]: oldest(HOUR), [DAY]: oldest(DAY) };
}
