import type { Database, Statement } from "bun:sqlite";
import { BatchEncoder } from "./batch-code.ts";
import { BatchSums } from "./batch-sums.ts";
import type { Counted } from "./sums.ts";

/**
 * Writes the sums of batches, a row for each and minute. Adding them to those of their minute, hour and day
 * at once would cost more than the exchanges' rows where clients and routes are many: see `BatchMerger`.
 */
export class BatchWriter {
  readonly #sums = new BatchSums();
  readonly #encoder = new BatchEncoder();
  readonly #insert: Statement;

  constructor(db: Database) {
    this.#insert = db.prepare(
      "INSERT INTO rollup_batches (at, requests, entries, texts, sums) VALUES (?, ?, ?, ?, ?)",
    );
  }

  /** Returns how many sums were written. Must be called within a transaction. */
  write(records: readonly Counted[]): number {
    let written = 0;
    for (const minute of this.#sums.of(records)) {
      const { entries, texts, sums } = this.#encoder.encode(minute);
      this.#insert.run(minute.at, records.length, entries, texts, sums);
      written += entries;
    }
    return written;
  }

  close(): void {
    this.#insert.finalize();
  }
}
