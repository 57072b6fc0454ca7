import { compile } from "../compile.ts";
import type { IndexedRow } from "./indexed-row.ts";
import {
  type CodedColumn,
  codeOf,
  MOST_BYTE_CODES,
  narrowCodeOf,
  narrowed,
  NOTHING,
  recordName,
} from "./columns.ts";
import { bytesOf, type EncodedPart, VALUES } from "./encoded-part.ts";
import { TextPlaces } from "./text-places.ts";

/** Dictionaries up to this size are in the summary, so that the block can be passed over by them. */
const MOST_SUMMARIZED = 32;

export interface Column {
  /** Adds the texts of the rows from `from` until `to`, at the places from `at` on. */
  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void;
  take(rows: number): EncodedPart;
}

export const columnOf = (column: CodedColumn, capacity: number): Column =>
  column.isUnique === true
    ? new UniqueColumn(capacity, column)
    : new DictionaryColumn(capacity, column);

/** Values by their places in a dictionary, as the index has them. */
function encodeCodes(codes: Uint16Array, values: readonly number[]): EncodedPart {
  const rows = codes.length;
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

/** A column in which few different texts come again and again. */
class DictionaryColumn implements Column {
  readonly #codes: Uint16Array;
  readonly #texts: TextPlaces;
  readonly #column: CodedColumn["column"];
  readonly #addAll: AddAll<TextPlaces>;

  constructor(capacity: number, { column }: CodedColumn) {
    this.#codes = new Uint16Array(capacity);
    this.#texts = new TextPlaces(capacity);
    this.#column = column;
    this.#addAll = addAll(column, "to.placeOf(text)");
  }

  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void {
    this.#addAll(this.#codes, this.#texts, rows, from, to, at);
  }

  take(rows: number): EncodedPart {
    const values = this.#texts.texts.map((text) => codeOf(this.#column, text));
    this.#texts.clear();
    return encodeCodes(this.#codes.subarray(0, rows), values);
  }
}

/** A column in which each row has a text of its own, or none. */
class UniqueColumn implements Column {
  readonly #values: Uint16Array;
  readonly #addAll: AddAll<typeof narrowCodeOf>;

  constructor(capacity: number, { column }: CodedColumn) {
    this.#values = new Uint16Array(capacity);
    this.#addAll = addAll(column, "to(text)");
  }

  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void {
    this.#addAll(this.#values, narrowCodeOf, rows, from, to, at);
  }

  take(rows: number): EncodedPart {
    const data = this.#values.slice(0, rows);
    return data.some((value) => value !== NOTHING)
      ? { summary: VALUES, data: bytesOf(data) }
      : { summary: { kind: "constant", value: NOTHING } };
  }
}

/** Statuses by their places in a dictionary. */
export class StatusColumn {
  readonly #codes: Uint16Array;
  readonly #places = new Map<number, number>();
  #values: number[] = [];

  constructor(capacity: number) {
    this.#codes = new Uint16Array(capacity);
  }

  add(at: number, status: number): void {
    let place = this.#places.get(status);
    if (place === undefined) {
      place = this.#values.push(status) - 1;
      this.#places.set(status, place);
    }
    this.#codes[at] = place;
  }

  take(rows: number): EncodedPart {
    const values = this.#values;
    this.#values = [];
    this.#places.clear();
    return encodeCodes(this.#codes.subarray(0, rows), values);
  }
}

type AddAll<To> = (
  codes: Uint16Array,
  to: To,
  rows: readonly IndexedRow[],
  from: number,
  until: number,
  at: number,
) => void;

/**
 * Adds one column of several rows. A loop for each column is several times as fast as one for all, and
 * most rows have the same text as the one before.
 */
const addAll = <To>(column: CodedColumn["column"], code: string): AddAll<To> =>
  compile(
    `(codes, to, rows, from, until, at) => {
      let last, known = 0;
      for (let row = from; row < until; row += 1) {
        const text = rows[row].${recordName(column)};
        if (text !== last) {
          last = text;
          known = ${code};
        }
        codes[at + row - from] = known;
      }
    }`,
    {},
  ) as AddAll<To>;
