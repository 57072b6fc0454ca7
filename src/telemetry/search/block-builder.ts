import {
  bucketOf,
  CODED_COLUMNS,
  codeOf,
  endsHash,
  narrowCodeOf,
  narrowed,
  NO_BUCKET,
  NOTHING,
  PART,
  statusCodeOf,
} from "./columns.ts";
import type { TextColumn } from "../query/filters.ts";
import { compile } from "../compile.ts";
import { type EncodedBlock, encodeSummary, type PartSummary } from "./summary.ts";

/** What the index takes from a row. */
export type IndexedRow = Readonly<Record<TextColumn, string>> & {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly status: unknown;
  /** Milliseconds. */
  readonly latency: unknown;
};

const UTF8 = new TextEncoder();
const MOST_BYTE_CODES = 256;
/** Dictionaries up to this size are in the summary, so that the block can be passed over by them. */
const MOST_SUMMARIZED = 32;

interface Column {
  /** Adds the texts of the rows from `from` until `to`, at the places from `at` on. */
  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void;
  take(rows: number): EncodedPart;
}

/** Collects consecutive rows for one block of the index. */
export class BlockBuilder {
  readonly #capacity: number;
  readonly #ids: Float64Array;
  readonly #times: Float64Array;
  readonly #latencies: Uint16Array;
  readonly #statuses: Codes;
  readonly #columns: readonly Column[];
  readonly #paths: PathColumn;
  #rows = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#latencies = new Uint16Array(capacity);
    this.#statuses = new Codes(capacity, (status) => Number(status));
    this.#columns = CODED_COLUMNS.map(({ column, isUnique }) =>
      isUnique === true ? new UniqueColumn(capacity, column) : new CodedColumn(capacity, column),
    );
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
      const { time, latency, status } = rows[row] as IndexedRow;
      this.#ids[at] = idOf(row);
      this.#times[at] = time;
      this.#latencies[at] = typeof latency === "number" ? bucketOf(latency) : NO_BUCKET;
      this.#statuses.add(at, statusCodeOf(status));
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

interface EncodedPart {
  readonly summary: PartSummary;
  readonly data?: Uint8Array;
}

const NO_SUMMARY: PartSummary = { kind: "none" };
const VALUES: PartSummary = { kind: "values" };

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

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

/** Values of which few come again and again, by their places in a dictionary. */
class Codes {
  readonly #codes: Uint16Array;
  readonly #codeOf: (value: string | number) => number;
  readonly #places = new Map<string | number, number>();
  #values: number[] = [];
  #last: string | number = Number.NaN;
  #lastPlace = 0;

  constructor(capacity: number, codeOf: (value: string | number) => number) {
    this.#codes = new Uint16Array(capacity);
    this.#codeOf = codeOf;
  }

  add(at: number, value: string | number): void {
    if (value !== this.#last) {
      this.#last = value;
      this.#lastPlace = this.#places.get(value) ?? this.#place(value);
    }
    this.#codes[at] = this.#lastPlace;
  }

  take(rows: number): EncodedPart {
    const values = this.#values;
    const codes = this.#codes.subarray(0, rows);
    this.#values = [];
    this.#places.clear();
    this.#last = Number.NaN;
    if (values.length === 1) return { summary: { kind: "constant", value: values[0] ?? 0 } };
    if (values.length > MOST_BYTE_CODES) {
      const narrow = Uint16Array.from(values, narrowed);
      const data = new Uint16Array(rows);
      for (let at = 0; at < rows; at += 1) data[at] = narrow[codes[at] as number] as number;
      return { summary: VALUES, data: bytesOf(data) };
    }
    if (values.length <= MOST_SUMMARIZED) {
      return { summary: { kind: "codes", values }, data: new Uint8Array(codes) };
    }
    const dictionary = bytesOf(Uint32Array.from(values));
    const data = new Uint8Array(dictionary.length + rows);
    data.set(dictionary);
    data.set(codes, dictionary.length);
    return { summary: { kind: "long codes", count: values.length }, data };
  }

  #place(value: string | number): number {
    const place = this.#values.push(this.#codeOf(value)) - 1;
    this.#places.set(value, place);
    return place;
  }
}

/** A column in which few different texts come again and again. */
class CodedColumn implements Column {
  readonly #codes: Codes;
  readonly #addAll: AddAll<Codes>;

  constructor(capacity: number, column: TextColumn) {
    this.#codes = new Codes(capacity, (text) => codeOf(column, String(text)));
    this.#addAll = addAll(column);
  }

  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void {
    this.#addAll(this.#codes, rows, from, to, at);
  }

  take(rows: number): EncodedPart {
    return this.#codes.take(rows);
  }
}

/** A column in which each row has a text of its own, or none. */
class UniqueColumn implements Column {
  readonly #values: UniqueValues;
  readonly #addAll: AddAll<UniqueValues>;

  constructor(capacity: number, column: TextColumn) {
    this.#values = new UniqueValues(capacity);
    this.#addAll = addAll(column);
  }

  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void {
    this.#addAll(this.#values, rows, from, to, at);
  }

  take(rows: number): EncodedPart {
    return this.#values.take(rows);
  }
}

class UniqueValues {
  readonly #values: Uint16Array;

  constructor(capacity: number) {
    this.#values = new Uint16Array(capacity);
  }

  add(at: number, text: string): void {
    this.#values[at] = narrowCodeOf(text);
  }

  take(rows: number): EncodedPart {
    const data = this.#values.slice(0, rows);
    return data.some((value) => value !== NOTHING)
      ? { summary: VALUES, data: bytesOf(data) }
      : { summary: { kind: "constant", value: NOTHING } };
  }
}

type AddAll<To> = (
  to: To,
  rows: readonly IndexedRow[],
  from: number,
  until: number,
  at: number,
) => void;

/** Adds one column of several rows. A loop for each column is several times as fast as one for all. */
const addAll = <To>(column: TextColumn): AddAll<To> =>
  compile(
    `(to, rows, from, until, at) => {
      for (let row = from; row < until; row += 1) to.add(at + row - from, rows[row].${column});
    }`,
    {},
  ) as AddAll<To>;

/** Longer paths, such as an attacker's, are not worth their room: their rows are compared one by one. */
const MOST_CHARACTERS = 2 ** 19;

/** Further routes' paths are in the last group. */
const MOST_GROUPS = 64;

/**
 * Paths are kept as they are, for patterns, in groups of one route each: paths of a route are alike, so
 * that most patterns can be told from most groups. Before them stand how many groups there are, and the
 * lines and bytes of each.
 */
class PathColumn {
  readonly #codes: Uint16Array;
  /** Places of texts by a hash of theirs, and 0 where there is none: several times as fast as a Map. */
  readonly #slots: Uint32Array;
  readonly #groups = new Map<string, number>();
  #texts: string[] = [];
  #groupOfText: number[] = [];
  #characters = 0;

  constructor(capacity: number) {
    this.#codes = new Uint16Array(capacity);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(capacity * 2 + 2)));
  }

  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void {
    for (let row = from; row < to; row += 1) {
      const { path, route } = rows[row] as IndexedRow;
      this.#codes[at + row - from] = this.#placeOf(path, route);
    }
  }

  take(rows: number): [number, EncodedPart][] {
    const texts = this.#texts;
    const codes = this.#codes.slice(0, rows);
    const isTooLong = this.#characters > MOST_CHARACTERS;
    const grouped = inGroups(this.#groupOfText, this.#groups.size);
    this.#texts = [];
    this.#groupOfText = [];
    this.#groups.clear();
    this.#slots.fill(0);
    this.#characters = 0;
    // Rows of a gateway have no line ends in them; another program's are compared one by one.
    if (isTooLong || texts.some((text) => text.includes("\n"))) return [];
    const lines = grouped.map((places) =>
      UTF8.encode(`\n${places.map((place) => texts[place]).join("\n")}\n`),
    );
    const head = [
      lines.length,
      ...grouped.flatMap(({ length }, at) => [length, lines[at]?.length ?? 0]),
    ];
    const data = Buffer.concat([bytesOf(Uint32Array.from(head)), ...lines]);
    const paths: [number, EncodedPart] = [PART.paths, { summary: VALUES, data }];
    if (texts.length === 1) return [paths];
    const placeInData = new Uint16Array(texts.length);
    for (const [place, text] of grouped.flat().entries()) placeInData[text] = place;
    for (let at = 0; at < rows; at += 1) codes[at] = placeInData[codes[at] as number] as number;
    const isNarrow = texts.length <= MOST_BYTE_CODES;
    const ofRow = isNarrow ? new Uint8Array(codes) : bytesOf(codes);
    return [paths, [PART.pathOfRow, { summary: NO_SUMMARY, data: ofRow }]];
  }

  #placeOf(text: string, route: string): number {
    if (this.#characters > MOST_CHARACTERS) return 0;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = endsHash(text, text.length) & mask;
    for (let known = slots[slot]; known !== 0; known = slots[slot]) {
      if (this.#texts[(known as number) - 1] === text) return (known as number) - 1;
      slot = (slot + 1) & mask;
    }
    this.#characters += text.length;
    this.#groupOfText.push(this.#groupOf(route));
    const count = this.#texts.push(text);
    slots[slot] = count;
    return count - 1;
  }

  #groupOf(route: string): number {
    let group = this.#groups.get(route);
    if (group === undefined) {
      group = Math.min(this.#groups.size, MOST_GROUPS - 1);
      this.#groups.set(route, group);
    }
    return group;
  }
}

/** Places of texts by their groups. */
function inGroups(groupOfText: readonly number[], count: number): number[][] {
  const groups: number[][] = Array.from({ length: Math.min(count, MOST_GROUPS) }, () => []);
  for (const [place, group] of groupOfText.entries()) groups[group]?.push(place);
  return groups;
}
