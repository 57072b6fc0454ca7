import { type Column, columnOf, StatusColumn } from "./coded-columns.ts";
import { bucketOf, CODED_COLUMNS, NO_BUCKET, PART, statusCodeOf } from "./columns.ts";
import { bytesOf, type EncodedPart, NO_SUMMARY, VALUES } from "./encoded-part.ts";
import { PathColumn } from "./path-column.ts";
import type { IndexedRow } from "./indexed-row.ts";
import { type EncodedBlock, encodeSummary, type PartSummary } from "./summary.ts";

/** Collects consecutive rows for one block of the index. */
export class BlockBuilder {
  readonly #capacity: number;
  readonly #ids: Float64Array;
  readonly #times: Float64Array;
  readonly #latencies: Uint16Array;
  readonly #statuses: StatusColumn;
  readonly #columns: readonly Column[];
  readonly #paths: PathColumn;
  #rows = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#latencies = new Uint16Array(capacity);
    this.#statuses = new StatusColumn(capacity);
    this.#columns = CODED_COLUMNS.map((column) => columnOf(column, capacity));
    this.#paths = new PathColumn(capacity);
  }

  get rows(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    return this.#rows === this.#capacity;
  }

  /** The id of the oldest row; undefined without one. */
  get first(): number | undefined {
    return this.#rows === 0 ? undefined : this.#ids[0];
  }

  /** The id of the newest row; undefined without one. */
  get last(): number | undefined {
    return this.#rows === 0 ? undefined : this.#ids[this.#rows - 1];
  }

  /** Rows for which there is room. */
  get room(): number {
    return this.#capacity - this.#rows;
  }

  /**
   * Adds the rows from `from` until `to`, for which there is room. `idOf` answers a row's id by its place;
   * each is greater than the one before.
   */
  add(rows: readonly IndexedRow[], from: number, to: number, idOf: (at: number) => number): void {
    const start = this.#rows;
    for (let row = from, at = start; row < to; row += 1, at += 1) {
      const { timestamp, latencyMs, statusCode } = rows[row] as IndexedRow;
      this.#ids[at] = idOf(row);
      // As texts have them.
      this.#times[at] = Math.floor(timestamp);
      this.#latencies[at] = typeof latencyMs === "number" ? bucketOf(latencyMs) : NO_BUCKET;
      this.#statuses.add(at, statusCodeOf(statusCode));
    }
    for (const column of this.#columns) column.add(rows, from, to, start);
    this.#paths.add(rows, from, to, start);
    this.#rows = start + to - from;
  }

  /** The block, which must have a row; the builder is empty then. */
  take(): EncodedBlock {
    const rows = this.#rows;
    const ids = this.#ids.subarray(0, rows);
    const first = ids[0] ?? 0;
    const last = ids[rows - 1] ?? first;
    const summaries: PartSummary[] = [];
    const parts: [number, Uint8Array][] = [];
    const put = (part: number, { summary, data }: EncodedPart) => {
      summaries[part] = summary;
      if (data !== undefined) parts.push([part, data]);
    };
    const { from, to, places } = quantized(this.#times.subarray(0, rows));
    if (places !== undefined) put(PART.time, { summary: VALUES, data: bytesOf(places) });
    put(PART.latency, rangePart(this.#latencies.slice(0, rows)));
    put(PART.status, this.#statuses.take(rows));
    for (const [at, column] of this.#columns.entries()) {
      put(CODED_COLUMNS[at]?.part ?? 0, column.take(rows));
    }
    for (const [part, encoded] of this.#paths.take(rows)) put(part, encoded);
    if (last - first + 1 !== rows) {
      put(PART.ids, { summary: NO_SUMMARY, data: bytesOf(ids.slice()) });
    }
    this.#rows = 0;
    return { first, last, rows, from, to, summary: encodeSummary(summaries), parts };
  }
}

/** Times as places between the first and the last, rounded down. */
function quantized(times: Float64Array): Span & { readonly places?: Uint16Array } {
  let [from, to] = [Infinity, -Infinity];
  for (const time of times) {
    // Another program can have written what is no time: such rows are compared one by one.
    if (!(Math.abs(time) <= LAST_TIME)) return { from: -LAST_TIME, to: LAST_TIME };
    if (time < from) from = time;
    if (time > to) to = time;
  }
  const span = { from: Math.floor(from), to: Math.ceil(to) };
  const places = new Uint16Array(times.length);
  for (let at = 0; at < places.length; at += 1) places[at] = placeIn(times[at] as number, span);
  return { ...span, places };
}

/** The last time that a Date can have. */
const LAST_TIME = 8.64e15;

/** The place of a time in a block; a later one is in the same or a later place. */
export function placeIn(time: number, { from, to }: Span): number {
  return to > from ? Math.floor(((time - from) / (to - from)) * 0xffff) : 0;
}

/** The times of the earliest and the latest row. */
interface Span {
  readonly from: number;
  readonly to: number;
}

function rangePart(values: Uint16Array): EncodedPart {
  let [from, to] = [0xffff, 0];
  for (const value of values) {
    if (value < from) from = value;
    if (value > to) to = value;
  }
  const summary = { kind: "range", from, to } as const;
  return from === to ? { summary } : { summary, data: bytesOf(values) };
}
