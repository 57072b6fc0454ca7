/** Buckets per doubling: a bucket's middle is at most 4.5 % from any latency in it. */
const PER_DOUBLING = 8;
/** From 1/64 ms to 2^18 ms, about 4 minutes. */
const LOWEST = 6 * PER_DOUBLING;
const BUCKETS = LOWEST + 18 * PER_DOUBLING;

/** Latencies of one second, counted by their logarithms. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** In milliseconds. */
  add(latency: number): void {
    const bucket = latency > 0 ? LOWEST + Math.floor(Math.log2(latency) * PER_DOUBLING) : 0;
    const at = bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
  }

  /** In milliseconds, with three decimals; null without any. `share`: from 0 to 1. */
  percentile(share: number): number | null {
    if (this.#total === 0) return null;
    let left = Math.max(1, Math.ceil(this.#total * share));
    let at = 0;
    for (; at < BUCKETS - 1; at += 1) {
      left -= this.#counts[at] ?? 0;
      if (left <= 0) break;
    }
    return Math.round(2 ** ((at - LOWEST + 0.5) / PER_DOUBLING) * 1000) / 1000;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
