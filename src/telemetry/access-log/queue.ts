import type { ExchangeRecord } from "../record.ts";
import { Batch } from "./batch.ts";

/** Characters after which a batch is full, whatever its rows, so that none takes long to write. */
const CHARACTERS_PER_BATCH = 256 * 1024;

/** Rows that wait for the worker, first in first out, in batches that take up a bounded memory. */
export class BatchQueue {
  readonly #batchSize: number;
  readonly #capacity: number;
  readonly #full: Batch[] = [];
  #filling = new Batch();
  #rows = 0;
  /** Of the full batches. */
  #bytes = 0;

  /** The rows of a full batch, and the bytes that all may take up; one record may go beyond it. */
  constructor(batchSize: number, capacity: number) {
    this.#batchSize = batchSize;
    this.#capacity = capacity;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes + this.#filling.bytes;
  }

  get hasFullBatch(): boolean {
    return this.#full.length > 0;
  }

  /** False when there is no room; `elsewhere` are bytes that have left but still count. */
  add(record: ExchangeRecord, elsewhere: number): boolean {
    const batch = this.#filling;
    if (this.#bytes + batch.bytes + elsewhere >= this.#capacity) return false;
    batch.add(record);
    this.#rows += 1;
    if (batch.rows >= this.#batchSize || batch.characters >= CHARACTERS_PER_BATCH) this.#seal();
    return true;
  }

  /** The oldest full batch; if there is none and `partial` is set, whatever rows there are. */
  take(partial: boolean): Batch | undefined {
    if (partial && this.#full.length === 0 && this.#filling.rows > 0) this.#seal();
    const batch = this.#full.shift();
    this.#rows -= batch?.rows ?? 0;
    this.#bytes -= batch?.bytes ?? 0;
    return batch;
  }

  clear(): void {
    this.#full.length = 0;
    this.#filling = new Batch();
    this.#rows = 0;
    this.#bytes = 0;
  }

  #seal(): void {
    const batch = this.#filling;
    batch.pack();
    this.#full.push(batch);
    this.#bytes += batch.bytes;
    // The next one is likely to be as long.
    this.#filling = new Batch(batch.rows);
  }
}
