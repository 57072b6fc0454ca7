import { decodeBatch, type SeriesEntry, type UsageEntry } from "../../rollups/batch-code.ts";
import { type Series, seriesKey, USAGE_KINDS, type UsageKind } from "../../rollups/batch-sums.ts";
import { QueryError } from "../errors.ts";
import type { QueryContext } from "../query.ts";

/** A series of the rollups. */
export interface KnownSeries extends Series {
  readonly id: number;
}

export type PendingSeries = KnownSeries & SeriesEntry;

/** Sums of batches that are not yet part of those by minute, hour and day. */
export interface Pending {
  readonly series: readonly PendingSeries[];
  readonly usage: Readonly<Record<UsageKind, readonly UsageEntry[]>>;
}

/** The rollups of a file as a query sees them. */
export interface RollupView extends QueryContext {
  /** Those that only batches know have ids below 0. */
  readonly series: readonly KnownSeries[];
  readonly pending: Pending;
}

/** @throws {QueryError} when an older gateway wrote the file, or the time is up */
export function viewOf(context: QueryContext): RollupView {
  if (!context.tables.has("rollups") || !context.tables.has("rollup_usage")) {
    throw new QueryError(
      "unreadable",
      "the file has no statistics, as an older gateway wrote it; they are added when this gateway opens the file",
    );
  }
  const known = new Map<string, KnownSeries>();
  const series = context.db.query<KnownSeries, []>(
    "SELECT id, route, backend, upstream, class AS statusClass FROM rollup_series",
  );
  for (const one of series.iterate()) known.set(seriesKey(one), one);
  const pending = pendingOf(context, known);
  return { ...context, series: [...known.values()], pending };
}

interface BatchRow {
  readonly id: number;
  readonly at: number;
  readonly texts: string;
  readonly sums: Uint8Array;
}

/** Adds the series that it finds to those that are known. */
function pendingOf(context: QueryContext, known: Map<string, KnownSeries>): Pending {
  const series: PendingSeries[] = [];
  const usage = Object.fromEntries(USAGE_KINDS.map((kind) => [kind, [] as UsageEntry[]])) as Record<
    UsageKind,
    UsageEntry[]
  >;
  for (const { at, ...encoded } of batchesIn(context)) {
    const batch = decodeBatch(at, encoded);
    for (const entry of batch.series) {
      const key = seriesKey(entry);
      let of = known.get(key);
      if (of === undefined) {
        const { route, backend, upstream, statusClass } = entry;
        of = { id: -1 - known.size, route, backend, upstream, statusClass };
        known.set(key, of);
      }
      series.push({ ...entry, id: of.id });
    }
    for (const { kind, entries } of batch.usage) {
      for (const entry of entries) usage[kind].push(entry);
    }
  }
  return { series, usage };
}

const ROWS_PER_STATEMENT = 100;

function* batchesIn({ db, tables, time }: QueryContext): Generator<BatchRow, void> {
  if (!tables.has("rollup_batches")) return;
  const statement = db.query<BatchRow, [number]>(
    `SELECT id, at, texts, sums FROM rollup_batches WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_STATEMENT}`,
  );
  let last = 0;
  for (;;) {
    time.check();
    const rows = statement.all(last);
    yield* rows;
    if (rows.length < ROWS_PER_STATEMENT) return;
    last = rows.at(-1)?.id ?? Infinity;
  }
}
