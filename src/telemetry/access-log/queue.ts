import type { ExchangeRecord } from "../record.ts";
import { Batch } from "./batch.ts";

/** Maximum characters per batch, so that no batch takes long to write. */
const CHARACTERS_PER_BATCH = 256 * 1024;

/** Rows that wait for the worker, first in first out, in batches, in bounded memory. */
export class BatchQueue {
  readonly #batchSize: number;
  readonly #capacity: number;
  readonly #full: Batch[] = [];
  #filling = new Batch();
  #rows = 0;
  /** Of the full batches. */
  #bytes = 0;

  /** Rows per batch, and the memory of all batches in bytes, which one record may exceed. */
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

  /** False if there is no room; `elsewhere` is memory in bytes that counts as well. */
  add(record: ExchangeRecord, elsewhere: number): boolean {
    if (this.bytes + elsewhere >= this.#capacity) return false;
    const batch = this.#filling;
    batch.add(record);
    this.#rows += 1;
    if (batch.rows >= this.#batchSize || batch.characters >= CHARACTERS_PER_BATCH) this.#seal();
    return true;
  }

  /** The oldest full batch; without one, and if `partial` is set, the rows there are. */
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
    // The next one will probably have as many.
    this.#filling = new Batch(batch.rows);
  }
}
