import type { ExchangeRecord } from "../record.ts";
import { bucketOf, Histogram } from "./histogram.ts";

/** What rollups need of a record. */
export type Counted = Pick<
  ExchangeRecord,
  | "timestamp"
  | "level"
  | "statusCode"
  | "latencyMs"
  | "clientIp"
  | "backend"
  | "route"
  | "bytesIn"
  | "bytesOut"
  | "errorCode"
  | "endedBy"
  | "subject"
  | "provider"
  | "upstream"
  | "refusedBy"
  | "model"
  | "tokensIn"
  | "tokensOut"
>;

/** The sums of some exchanges of a minute, as a batch has them. */
export interface BatchEntry {
  /** The minute's beginning in epoch seconds. */
  readonly at: number;
  readonly requests: number;
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly latencyUs: number;
  /** In epoch milliseconds. */
  readonly lastAt: number;
  /** An encoded histogram. */
  readonly latencies: Uint8Array;
}

const SWITCHING_PROTOCOLS = 101;

/**
 * Whether an exchange counts as an error: its status is 5xx (for gRPC, the error's own status), or the
 * backend or the gateway is at fault. What clients do wrong, 4xx and leaving early, does not count.
 */
export function isError({ level, endedBy }: Counted): boolean {
  return level === "error" || endedBy === "backend" || endedBy === "gateway";
}

/** The bucket of an exchange's latency; -1 if it has none: how long a WebSocket is open says nothing. */
export function latencyBucketOf({ statusCode, latencyMs }: Counted): number {
  return statusCode === SWITCHING_PROTOCOLS ? -1 : bucketOf(latencyMs);
}

/** The sums of some exchanges. */
export class Sums {
  requests = 0;
  errors = 0;
  bytesIn = 0;
  bytesOut = 0;
  tokensIn = 0;
  tokensOut = 0;
  latencyUs = 0;
  /** When the latest of them arrived, in epoch milliseconds. */
  lastAt = 0;
  readonly latencies = new Histogram();

  /** `bucket` is that of `latencyBucketOf`. */
  add(record: Counted, bucket: number): void {
    this.requests += 1;
    if (isError(record)) this.errors += 1;
    this.bytesIn += record.bytesIn;
    this.bytesOut += record.bytesOut;
    if (record.tokensIn > 0) this.tokensIn += record.tokensIn;
    if (record.tokensOut > 0) this.tokensOut += record.tokensOut;
    if (record.timestamp > this.lastAt) this.lastAt = record.timestamp;
    if (bucket < 0) return;
    this.latencyUs += Math.round(record.latencyMs * 1_000);
    this.latencies.add(bucket);
  }

  addEntry(entry: BatchEntry): void {
    this.requests += entry.requests;
    this.errors += entry.errors;
    this.bytesIn += entry.bytesIn;
    this.bytesOut += entry.bytesOut;
    this.tokensIn += entry.tokensIn;
    this.tokensOut += entry.tokensOut;
    this.latencyUs += entry.latencyUs;
    this.lastAt = Math.max(this.lastAt, entry.lastAt);
    this.latencies.mergeEncoded(entry.latencies);
  }

  merge(other: Sums): void {
    this.requests += other.requests;
    this.errors += other.errors;
    this.bytesIn += other.bytesIn;
    this.bytesOut += other.bytesOut;
    this.tokensIn += other.tokensIn;
    this.tokensOut += other.tokensOut;
    this.latencyUs += other.latencyUs;
    this.lastAt = Math.max(this.lastAt, other.lastAt);
    this.latencies.merge(other.latencies);
  }

  /** Empties it, for it to be used again. */
  clear(): void {
    this.requests = 0;
    this.errors = 0;
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.tokensIn = 0;
    this.tokensOut = 0;
    this.latencyUs = 0;
    this.lastAt = 0;
    this.latencies.clear();
  }
}

/** Sums that are used again for each batch: one takes 6 KB. */
export class SumsPool {
  readonly #all: Sums[] = [];
  #taken = 0;

  take(): Sums {
    const sums = (this.#all[this.#taken] ??= new Sums());
    this.#taken += 1;
    return sums;
  }

  /** Nothing that was taken is used any longer. */
  release(): void {
    for (const sums of this.#all.slice(0, this.#taken)) sums.clear();
    this.#taken = 0;
    this.#all.length = Math.min(this.#all.length, KEPT);
  }
}

const KEPT = 1_000;
