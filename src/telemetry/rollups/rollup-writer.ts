import type { Database } from "bun:sqlite";
import { BatchMerger, ENTRIES_PER_MERGE } from "./batch-merger.ts";
import { BatchWriter } from "./batch-writer.ts";
import type { Counted } from "./sums.ts";

/** Adds exchanges to the rollups. Several may write to one file. */
export class RollupWriter {
  readonly #batches: BatchWriter;
  readonly #merger: BatchMerger;
  /** Sums that this one has written since it merged. */
  #written = 0;

  constructor(db: Database) {
    this.#batches = new BatchWriter(db);
    this.#merger = new BatchMerger(db);
  }

  /** Must be called within a transaction. Merges when there is much to merge. */
  add(records: readonly Counted[]): void {
    this.#written += this.#batches.write(records);
    if (this.#written >= ENTRIES_PER_MERGE) this.merge();
  }

  /** See `BatchMerger`. */
  merge(): boolean {
    this.#written = 0;
    return this.#merger.merge();
  }

  close(): void {
    this.#batches.close();
    this.#merger.close();
  }
}
