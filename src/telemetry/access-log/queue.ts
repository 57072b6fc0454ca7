import { Batch, weightOf } from "./batch.ts";
import type { AccessLogEntry } from "./entry.ts";

/** Rows that wait for the worker, first in first out, in batches; never more than `capacity`. */
export class BatchQueue {
  readonly #batchSize: number;
  readonly #capacity: number;
  readonly #full: Batch[] = [];
  #filling = new Batch();
  #rows = 0;
  #weight = 0;

  /** Both in rows; rows with long texts count as several. */
  constructor(batchSize: number, capacity: number) {
    this.#batchSize = batchSize;
    this.#capacity = capacity;
  }

  get rows(): number {
    return this.#rows;
  }

  get hasFullBatch(): boolean {
    return this.#full.length > 0;
  }

  /** False when there is no room; `elsewhere` is the weight that counts against it but has left. */
  add(entry: AccessLogEntry, elsewhere: number): boolean {
    const weight = weightOf(entry);
    if (this.#weight + elsewhere + weight > this.#capacity) return false;
    this.#filling.add(entry, weight);
    this.#rows += 1;
    this.#weight += weight;
    if (this.#filling.weight >= this.#batchSize) this.#seal();
    return true;
  }

  /** The oldest full batch; if there is none and `partial` is set, whatever rows there are. */
  take(partial: boolean): Batch | undefined {
    if (partial && this.#full.length === 0 && this.#filling.rows > 0) this.#seal();
    const batch = this.#full.shift();
    this.#rows -= batch?.rows ?? 0;
    this.#weight -= batch?.weight ?? 0;
    return batch;
  }

  clear(): void {
    this.#full.length = 0;
    this.#filling = new Batch();
    this.#rows = 0;
    this.#weight = 0;
  }

  #seal(): void {
    this.#full.push(this.#filling);
    // The next one is likely to be as long.
    this.#filling = new Batch(this.#filling.rows);
  }
}
