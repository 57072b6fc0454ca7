import type { Database, Statement } from "bun:sqlite";
import { decodeBatch, type SeriesEntry } from "./batch-code.ts";
import { seriesKey } from "./batch-sums.ts";
import { StepSums } from "./step-sums.ts";
import { STEPS } from "./steps.ts";
import type { BatchEntry } from "./sums.ts";
import { SumsTable } from "./sums-table.ts";
import { UsageMerger } from "./usage-merger.ts";

/** Sums of batches that are merged at a time, about: some 20 ms. */
export const ENTRIES_PER_MERGE = 20_000;

interface BatchRow {
  readonly id: number;
  readonly at: number;
  readonly requests: number;
  readonly texts: string;
  readonly sums: Uint8Array;
}

/** Adds the sums of batches to those of their minute, hour and day. Several may do so with one file. */
export class BatchMerger {
  readonly #next: Statement<{ readonly id: number; readonly entries: number }, []>;
  readonly #read: Statement<BatchRow, [number]>;
  readonly #delete: Statement;
  readonly #seriesId: Statement;
  readonly #rollups: SumsTable;
  readonly #totals: SumsTable;
  readonly #usage: UsageMerger;
  readonly #stepSums = new StepSums();

  constructor(db: Database) {
    this.#next = db.prepare(
      `SELECT id, entries FROM rollup_batches ORDER BY id LIMIT ${ENTRIES_PER_MERGE}`,
    );
    this.#read = db.prepare(
      "SELECT id, at, requests, texts, sums FROM rollup_batches WHERE id <= ? ORDER BY id",
    );
    this.#delete = db.prepare("DELETE FROM rollup_batches WHERE id <= ?");
    this.#seriesId = db.prepare(
      `INSERT INTO rollup_series (route, backend, upstream, class, first_at, last_at, requests)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
         last_at = max(last_at, excluded.last_at), requests = requests + excluded.requests
       RETURNING id`,
    );
    const withoutLastAt = { hasLastAt: false };
    this.#rollups = new SumsTable(db, "rollups", ["step", "at", "series"], withoutLastAt);
    this.#totals = new SumsTable(db, "rollup_totals", ["step", "at", "class"], withoutLastAt);
    this.#usage = new UsageMerger(db);
  }

  /** Merges the oldest, about `ENTRIES_PER_MERGE`. True if more are left. Must be called within a transaction. */
  merge(): boolean {
    const { last, isAll } = this.#upTo();
    if (last === undefined) return false;
    const series = new Map<string, SeriesEntry[]>();
    const totals = new Map<number, BatchEntry[]>();
    const usage = this.#usage.begin();
    for (const { at, requests, texts, sums } of this.#read.iterate(last)) {
      const batch = decodeBatch(at, { texts, sums });
      for (const entry of batch.series) {
        listIn(series, seriesKey(entry)).push(entry);
        listIn(totals, entry.statusClass).push(entry.sums);
      }
      for (const { kind, entries } of batch.usage) usage.add(kind, at, entries, requests);
    }
    for (const entries of series.values()) this.#addSeries(entries);
    for (const [statusClass, entries] of totals) {
      this.#stepSums.pass(entries, STEPS, (step, at, sum) =>
        this.#totals.add([step, at, statusClass], sum),
      );
    }
    usage.end();
    this.#delete.run(last);
    return !isAll;
  }

  close(): void {
    for (const statement of [this.#next, this.#read, this.#delete, this.#seriesId]) {
      statement.finalize();
    }
    this.#rollups.close();
    this.#totals.close();
    this.#usage.close();
  }

  /** The last batch to merge. */
  #upTo(): { readonly last: number | undefined; readonly isAll: boolean } {
    let sum = 0;
    let last: number | undefined;
    for (const { id, entries } of this.#next.all()) {
      if (sum >= ENTRIES_PER_MERGE) return { last, isAll: false };
      sum += entries;
      last = id;
    }
    return { last, isAll: sum < ENTRIES_PER_MERGE };
  }

  #addSeries(entries: readonly SeriesEntry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    const { route, backend, upstream, statusClass } = first;
    const sums = entries.map((entry) => entry.sums);
    let firstAt = Infinity;
    let lastAt = -Infinity;
    let requests = 0;
    for (const one of sums) {
      firstAt = Math.min(firstAt, one.at);
      lastAt = Math.max(lastAt, one.lastAt);
      requests += one.requests;
    }
    const [[id] = [0]] = this.#seriesId.values(
      route,
      backend,
      upstream,
      statusClass,
      firstAt * 1_000,
      lastAt,
      requests,
    );
    this.#stepSums.pass(sums, STEPS, (step, begin, sum) =>
      this.#rollups.add([step, begin, Number(id)], sum),
    );
  }
}

function listIn<Key, Entry>(lists: Map<Key, Entry[]>, key: Key): Entry[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}
