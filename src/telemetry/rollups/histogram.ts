import { LONGEST_VARINT, putVarint, VarintReader } from "./varint.ts";

/** A percentile differs from the exact one by at most this share of it, from 1 µs to 11 days. */
export const RELATIVE_ERROR = 0.02;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const PER_LOG = 1 / Math.log(GAMMA);
/** Longer latencies count as this one, 11.5 days in microseconds. */
const LONGEST = 1e12;
export const BUCKETS = bucketOf(LONGEST / 1_000) + 1;

/**
 * The bucket of a latency in milliseconds. Bucket N holds what is above γ^(N-1) and at most γ^N
 * microseconds, with γ = 1.0408; bucket 0 everything up to 1 µs.
 */
export function bucketOf(milliseconds: number): number {
  const microseconds = milliseconds * 1_000;
  // Also for NaN.
  if (!(microseconds > 1)) return 0;
  return Math.ceil(Math.log(Math.min(microseconds, LONGEST)) * PER_LOG);
}

/** The milliseconds that stand for a bucket: as far from its lower end as from its upper one, relatively. */
function latencyOf(bucket: number): number {
  if (bucket === 0) return 0.001;
  return (2 * GAMMA ** bucket) / (GAMMA + 1) / 1_000;
}

/** Each bucket has at most a gap, a length and a count in an encoding. */
const encoding = new Uint8Array(BUCKETS * 3 * LONGEST_VARINT);

/**
 * How often latencies occurred, in fixed buckets that grow by 4 %, so that histograms of different times and
 * gateways can be added. Encoded, it takes one to three bytes for each bucket that is not empty.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  /** All counts that are not 0 are from here … */
  #low = BUCKETS;
  /** … to before here. */
  #end = 0;
  #count = 0;

  /** How many latencies it holds. */
  get count(): number {
    return this.#count;
  }

  /** Adds a latency, or several, by their bucket; see `bucketOf`. */
  add(bucket: number, count = 1): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
    if (bucket < this.#low) this.#low = bucket;
    if (bucket >= this.#end) this.#end = bucket + 1;
  }

  merge(other: Histogram): void {
    for (let bucket = other.#low; bucket < other.#end; bucket += 1) {
      const count = other.#counts[bucket] ?? 0;
      if (count > 0) this.add(bucket, count);
    }
  }

  /** Empties it, for it to be used again. */
  clear(): void {
    this.#counts.fill(0, this.#low, this.#end);
    this.#low = BUCKETS;
    this.#end = 0;
    this.#count = 0;
  }

  /**
   * The latency in milliseconds that this share of all does not exceed: the ⌈share × count⌉-th smallest
   * one, within `RELATIVE_ERROR`. Undefined without latencies; `share` is from 0 to 1.
   */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = this.#low; bucket < this.#end; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return latencyOf(bucket);
    }
    return latencyOf(this.#end - 1);
  }

  /**
   * Its counts as bytes, valid until the next call of `encode` on any histogram. Runs of counts follow each
   * other: twice the number of empty buckets before the run, plus one if it is longer than one bucket; then
   * its length, if so; then its counts. Numbers are little-endian varints.
   */
  encode(): Uint8Array {
    let at = 0;
    let previous = 0;
    let bucket = this.#low;
    while (bucket < this.#end) {
      let end = bucket + 1;
      while (end < this.#end && this.#counts[end] !== 0) end += 1;
      const length = end - bucket;
      at = putVarint(encoding, at, (bucket - previous) * 2 + (length > 1 ? 1 : 0));
      if (length > 1) at = putVarint(encoding, at, length);
      for (; bucket < end; bucket += 1) at = putVarint(encoding, at, this.#counts[bucket] ?? 0);
      previous = end;
      while (bucket < this.#end && this.#counts[bucket] === 0) bucket += 1;
    }
    return encoding.subarray(0, at);
  }

  /** Adds what another one's `encode` returned. Bytes that are not such are added as far as they make sense. */
  mergeEncoded(bytes: Uint8Array): void {
    const reader = new VarintReader(bytes);
    let bucket = 0;
    while (!reader.isAtEnd) {
      const head = reader.next();
      bucket += Math.floor(head / 2);
      const end = bucket + (head % 2 === 1 ? reader.next() : 1);
      for (; bucket < end; bucket += 1) {
        if (bucket >= BUCKETS || reader.isAtEnd) return;
        const count = reader.next();
        if (count > 0) this.add(bucket, count);
      }
    }
  }
}
