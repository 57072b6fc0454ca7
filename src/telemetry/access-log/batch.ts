import type { AccessLogEntry, LogLevel } from "./entry.ts";

/** A batch as it goes to the worker. */
export interface PackedBatch {
  readonly rows: number;
  /** `VALUES_PER_ENTRY` for each row: numbers, and for texts their places in `texts`. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** A JSON array of strings. */
  readonly texts: string;
}

const VALUES_PER_ENTRY = 21;
const CHARACTERS_PER_WEIGHT = 1024;
const ROWS_AT_FIRST = 16;

export function weightOf(entry: AccessLogEntry): number {
  const characters =
    entry.path.length + entry.query.length + entry.userAgent.length + entry.message.length;
  return 1 + Math.floor(characters / CHARACTERS_PER_WEIGHT);
}

/**
 * Entries on their way to the worker, each a row of numbers. A text that rows are likely to share is
 * kept once, so that a waiting batch holds on to little and gives the collector little to scan.
 */
export class Batch {
  rows = 0;
  /** Rows, where one with much text counts as several; bounds memory whatever clients send. */
  weight = 0;
  #numbers: Float64Array<ArrayBuffer>;
  readonly #texts: string[] = [];
  readonly #places = new Map<string, number>();

  /** `expected` rows are likely to come, 0 when nobody knows. */
  constructor(expected = 0) {
    const rows = Math.max(expected, ROWS_AT_FIRST);
    this.#numbers = new Float64Array(rows * VALUES_PER_ENTRY);
  }

  /** The order of values is private to this method and to `unpack`. */
  add(entry: AccessLogEntry, weight: number): void {
    const at = this.rows * VALUES_PER_ENTRY;
    if (at === this.#numbers.length) this.#grow();
    const numbers = this.#numbers;
    numbers[at] = entry.timestamp;
    numbers[at + 1] = this.#placeOf(entry.level);
    numbers[at + 2] = this.#placeAbove(at + 2, entry.message) ?? this.#newPlaceOf(entry.message);
    numbers[at + 3] = this.#placeOf(entry.method);
    numbers[at + 4] = this.#newPlaceOf(entry.path);
    numbers[at + 5] = this.#placeAbove(at + 5, entry.query) ?? this.#newPlaceOf(entry.query);
    numbers[at + 6] = this.#placeAbove(at + 6, entry.host) ?? this.#placeOf(entry.host);
    numbers[at + 7] = entry.statusCode;
    numbers[at + 8] = entry.latencyMs;
    numbers[at + 9] = entry.timeToFirstByteMs;
    numbers[at + 10] =
      this.#placeAbove(at + 10, entry.clientIp) ?? this.#newPlaceOf(entry.clientIp);
    numbers[at + 11] = this.#placeAbove(at + 11, entry.userAgent) ?? this.#placeOf(entry.userAgent);
    numbers[at + 12] = this.#placeOf(entry.backend);
    numbers[at + 13] = this.#placeOf(entry.route);
    numbers[at + 14] = this.#newPlaceOf(entry.requestId);
    numbers[at + 15] = entry.bytesIn;
    numbers[at + 16] = entry.bytesOut;
    numbers[at + 17] = entry.attempts;
    numbers[at + 18] = this.#placeOf(entry.errorCode);
    numbers[at + 19] = entry.messagesIn;
    numbers[at + 20] = entry.messagesOut;
    this.rows += 1;
    this.weight += weight;
  }

  /** The numbers are given away, not copied: nothing is to be added any more. */
  pack(): PackedBatch {
    return {
      rows: this.rows,
      numbers: this.#numbers,
      texts: JSON.stringify(this.#texts),
    };
  }

  /** For one of few texts, which are the same objects each time. */
  #placeOf(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#newPlaceOf(text);
    this.#places.set(text, place);
    return place;
  }

  /**
   * For what is read anew from each request, and is often what the row above has: to compare a text
   * costs less than to make the hash of it that a search needs. Undefined when it is another.
   */
  #placeAbove(at: number, text: string): number | undefined {
    const above = this.#numbers[at - VALUES_PER_ENTRY];
    return above !== undefined && this.#texts[above] === text ? above : undefined;
  }

  /** For what differs from row to row: a search costs more than the text's room. */
  #newPlaceOf(text: string): number {
    return this.#texts.push(text) - 1;
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

/** The entries that were packed, in their order. */
export function unpack({ rows, numbers, texts }: PackedBatch): AccessLogEntry[] {
  const strings = JSON.parse(texts) as string[];
  const number = (at: number): number => numbers[at] ?? 0;
  const text = (at: number): string => strings[number(at)] ?? "";
  const entries: AccessLogEntry[] = [];
  for (let at = 0; at < rows * VALUES_PER_ENTRY; at += VALUES_PER_ENTRY) {
    entries.push({
      timestamp: number(at),
      level: text(at + 1) as LogLevel,
      message: text(at + 2),
      method: text(at + 3),
      path: text(at + 4),
      query: text(at + 5),
      host: text(at + 6),
      statusCode: number(at + 7),
      latencyMs: number(at + 8),
      timeToFirstByteMs: number(at + 9),
      clientIp: text(at + 10),
      userAgent: text(at + 11),
      backend: text(at + 12),
      route: text(at + 13),
      requestId: text(at + 14),
      bytesIn: number(at + 15),
      bytesOut: number(at + 16),
      attempts: number(at + 17),
      errorCode: text(at + 18),
      messagesIn: number(at + 19),
      messagesOut: number(at + 20),
    });
  }
  return entries;
}
