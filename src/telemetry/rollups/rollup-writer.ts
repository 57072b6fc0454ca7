import type { Database, Statement } from "bun:sqlite";
import { BatchSums, type MinuteSums, type Series } from "./batch-sums.ts";
import { beginOf, STEPS } from "./steps.ts";
import type { Counted, Sums } from "./sums.ts";
import { SumsTable } from "./sums-table.ts";
import { UsageWriter } from "./usage-writer.ts";

/** Adds exchanges to the rollups of their minute, hour and day. Several may write to one file. */
export class RollupWriter {
  readonly #batch = new BatchSums();
  readonly #series: Statement;
  readonly #rollups: SumsTable;
  readonly #totals: SumsTable;
  readonly #usage: UsageWriter;

  constructor(db: Database) {
    this.#series = db.prepare(
      `INSERT INTO rollup_series (route, backend, upstream, class, first_at, last_at, requests)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
         last_at = max(last_at, excluded.last_at), requests = requests + excluded.requests
       RETURNING id`,
    );
    const withoutLastAt = { hasLastAt: false };
    this.#rollups = new SumsTable(db, "rollups", ["step", "at", "series"], withoutLastAt);
    this.#totals = new SumsTable(db, "rollup_totals", ["step", "at", "class"], withoutLastAt);
    this.#usage = new UsageWriter(db);
  }

  /** Must be called within a transaction. */
  add(records: readonly Counted[]): void {
    for (const minute of this.#batch.of(records)) {
      this.#writeSeries(minute);
      this.#usage.write(minute, records.length, this.#batch.pool);
    }
  }

  /** What was added last has been rolled back. */
  undone(): void {
    this.#usage.undone();
  }

  close(): void {
    this.#series.finalize();
    this.#rollups.close();
    this.#totals.close();
    this.#usage.close();
  }

  #writeSeries({ at, series }: MinuteSums): void {
    const totals = new Map<number, Sums>();
    for (const { sums, ...of } of series.values()) {
      const id = this.#seen(of, at, sums);
      for (const step of STEPS) this.#rollups.add([step, beginOf(step, at), id], sums);
      let total = totals.get(of.statusClass);
      if (total === undefined) {
        total = this.#batch.pool.take();
        totals.set(of.statusClass, total);
      }
      total.merge(sums);
    }
    for (const [statusClass, sums] of totals) {
      for (const step of STEPS) this.#totals.add([step, beginOf(step, at), statusClass], sums);
    }
  }

  /** The id of a series that exchanges were seen of. */
  #seen({ route, backend, upstream, statusClass }: Series, at: number, sums: Sums): number {
    const [[id] = [0]] = this.#series.values(
      route,
      backend,
      upstream,
      statusClass,
      at * 1_000,
      Math.floor(sums.lastAt),
      sums.requests,
    );
    return Number(id);
  }
}
