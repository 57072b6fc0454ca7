import type { Exemplar } from "./exemplar.ts";

/** Upper bounds in seconds, from an answer out of memory to a long poll. */
export const DURATION_BOUNDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Counts observations by buckets with fixed bounds. */
export class Histogram {
  /** Ascending; the last bucket has none. */
  readonly bounds: readonly number[];
  /** Of each bucket alone, not cumulative. */
  readonly counts: Float64Array;
  sum = 0;
  /** The latest of each bucket; undefined as long as there is none. */
  exemplars: (Exemplar | undefined)[] | undefined = undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Returns the bucket, for an exemplar. */
  observe(value: number): number {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
    return at;
  }

  exemplify(bucket: number, exemplar: Exemplar): void {
    this.exemplars ??= [];
    this.exemplars[bucket] = exemplar;
  }
}
