import { opened, sealed } from "../sealed.ts";
import { type MinuteSums, type Series, USAGE_KINDS, type UsageKind } from "./batch-sums.ts";
import type { BatchEntry, Sums } from "./sums.ts";
import { LONGEST_VARINT, putVarint, VarintReader } from "./varint.ts";

/** The sums of a batch's exchanges of one minute, as they are stored. */
export interface EncodedBatch {
  /** A JSON array of the texts that `sums` refers to. */
  readonly texts: string;
  readonly sums: Uint8Array;
  /** How many sums there are. */
  readonly entries: number;
}

export interface SeriesEntry extends Series {
  readonly sums: BatchEntry;
}

export interface UsageEntry {
  readonly value: string;
  readonly sums: BatchEntry;
}

export interface DecodedBatch {
  readonly series: readonly SeriesEntry[];
  readonly usage: readonly { readonly kind: UsageKind; readonly entries: readonly UsageEntry[] }[];
}

/** Numbers of an entry besides its histogram, at most. */
const NUMBERS = 13;

/**
 * Encodes sums for one row of a table. Per kind: how many there are, and for each the indexes of its texts,
 * its numbers, and the length and bytes of its histogram. Numbers are varints.
 */
export class BatchEncoder {
  #bytes = new Uint8Array(1_024);
  #at = 0;
  #entries = 0;
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();

  encode({ at, series, usage }: MinuteSums): EncodedBatch {
    this.#at = 0;
    this.#entries = series.size;
    this.#texts.length = 0;
    this.#places.clear();
    this.#reserve(LONGEST_VARINT);
    this.#put(series.size);
    for (const { route, backend, upstream, statusClass, sums } of series.values()) {
      const latencies = this.#begin(sums);
      this.#put(this.#placeOf(route));
      this.#put(this.#placeOf(backend));
      this.#put(this.#placeOf(upstream));
      this.#put(statusClass);
      this.#putSums(sums, at, latencies);
    }
    for (const kind of USAGE_KINDS) {
      this.#reserve(LONGEST_VARINT);
      this.#put(usage[kind].size);
      this.#entries += usage[kind].size;
      for (const [value, sums] of usage[kind]) {
        const latencies = this.#begin(sums);
        // Each is there once.
        this.#put(this.#texts.push(value) - 1);
        this.#putSums(sums, at, latencies);
      }
    }
    const texts = JSON.stringify(this.#texts);
    const sums = sealed(this.#bytes.subarray(0, this.#at), seedOf(at, texts));
    return { texts, sums, entries: this.#entries };
  }

  #begin(sums: Sums): Uint8Array {
    const latencies = sums.latencies.encode();
    this.#reserve(NUMBERS * LONGEST_VARINT + latencies.length);
    return latencies;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#at + length) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  #put(value: number): void {
    this.#at = putVarint(this.#bytes, this.#at, value);
  }

  #placeOf(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#texts.push(text) - 1;
      this.#places.set(text, place);
    }
    return place;
  }

  #putSums(sums: Sums, at: number, latencies: Uint8Array): void {
    this.#put(sums.requests);
    this.#put(sums.errors);
    this.#put(sums.bytesIn);
    this.#put(sums.bytesOut);
    this.#put(sums.tokensIn);
    this.#put(sums.tokensOut);
    this.#put(Math.max(0, sums.latencyUs));
    this.#put(Math.max(0, Math.floor(sums.lastAt) - at * 1_000));
    this.#put(latencies.length);
    this.#bytes.set(latencies, this.#at);
    this.#at += latencies.length;
  }
}

/** So that the checksum covers the batch's time and texts too. */
function seedOf(at: number, texts: string): number {
  return Bun.hash.xxHash32(`${at} ${texts}`);
}

/** What `encode` returned; nothing of a batch that has been damaged, which nobody could make sense of. */
export function decodeBatch(
  at: number,
  { texts, sums }: Pick<EncodedBatch, "texts" | "sums">,
): DecodedBatch {
  const data = opened(sums, seedOf(at, texts));
  if (data === undefined) return { series: [], usage: [] };
  const list = JSON.parse(texts) as string[];
  const reader = new VarintReader(data);
  const text = (): string => list[reader.next()] ?? "";
  // Properties are evaluated in their order, which is that of the encoding.
  const series = times(reader.next(), () => ({
    route: text(),
    backend: text(),
    upstream: text(),
    statusClass: reader.next(),
    sums: entryOf(at, reader),
  }));
  const usage = USAGE_KINDS.map((kind) => ({
    kind,
    entries: times(reader.next(), () => ({ value: text(), sums: entryOf(at, reader) })),
  }));
  return { series, usage };
}

function entryOf(at: number, reader: VarintReader): BatchEntry {
  return {
    at,
    requests: reader.next(),
    errors: reader.next(),
    bytesIn: reader.next(),
    bytesOut: reader.next(),
    tokensIn: reader.next(),
    tokensOut: reader.next(),
    latencyUs: reader.next(),
    lastAt: at * 1_000 + reader.next(),
    latencies: reader.take(reader.next()),
  };
}

const times = <Value>(count: number, make: () => Value): Value[] =>
  Array.from({ length: count }, make);
