import { USAGE_KINDS, type UsageKind } from "../../rollups/batch-sums.ts";
import { DAY, HOUR, MINUTE, type Step } from "../../rollups/steps.ts";
import type { Sums } from "../../rollups/sums.ts";
import { SUM_COLUMNS } from "../../rollups/tables.ts";
import { QueryError } from "../errors.ts";
import type { QueryContext } from "../query.ts";
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
  context: QueryContext,
  source: Source,
  pieces: readonly Piece[],
  visit: (key: string | number, at: number, values: SumValues) => void,
): void {
  for (const [key, at, ...values] of rowsOf(context, source, pieces, SUM_COLUMNS)) {
    visit(key as string | number, Number(at), values as unknown as SumValues);
  }
}

/** How many requests each key had in these pieces. */
export function requestsByKey(
  context: QueryContext,
  source: Source,
  pieces: readonly Piece[],
): Map<string | number, number> {
  const sums = new Map<string | number, number>();
  for (const [key, , requests] of rowsOf(context, source, pieces, ["requests"])) {
    const known = key as string | number;
    sums.set(known, (sums.get(known) ?? 0) + Number(requests));
  }
  return sums;
}

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

/** @throws {QueryError} when an older gateway wrote the file */
export function requireRollups({ tables }: QueryContext): void {
  if (tables.has("rollups") && tables.has("rollup_usage")) return;
  throw new QueryError(
    "unreadable",
    "the file has no statistics, as an older gateway wrote it; they are added when this gateway opens the file",
  );
}
