import { compile } from "../compile.ts";
import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";

/** A batch as it goes to the worker. */
export interface PackedBatch {
  readonly rows: number;
  /** A value of each field for each row: numbers, and for texts their places in `texts`. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** A JSON array of strings. */
  readonly texts: string;
}

const FIELDS = Object.entries(fields);
const VALUES_PER_ROW = FIELDS.length;
const ROWS_AT_FIRST = 16;

/**
 * Records on their way to the worker, each a row of numbers. A text that rows are likely to share is
 * kept once, so that a waiting batch holds on to little and gives the collector little to scan.
 */
export class Batch {
  rows = 0;
  readonly #texts = new Texts();
  #numbers: Float64Array<ArrayBuffer>;
  #packed: PackedBatch | undefined;
  #packedBytes = 0;

  /** `expected` rows are likely to come, 0 when nobody knows. */
  constructor(expected = 0) {
    this.#numbers = new Float64Array(Math.max(expected, ROWS_AT_FIRST) * VALUES_PER_ROW);
  }

  /** Characters of its texts. */
  get characters(): number {
    return this.#texts.characters;
  }

  /** What it takes up in memory: nearly so while it is being filled, exactly once it is packed. */
  get bytes(): number {
    if (this.#packed !== undefined) return this.#packedBytes;
    return this.#numbers.byteLength + this.characters * BYTES_PER_CHARACTER;
  }

  add(record: ExchangeRecord): void {
    const at = this.rows * VALUES_PER_ROW;
    if (at === this.#numbers.length) this.#grow();
    packRow(record, this.#numbers, at, this.#texts);
    this.rows += 1;
  }

  /**
   * The same each time. Its numbers are given away, not copied, and its texts are one text from now
   * on, which holds nothing else in memory: nothing may be added any more.
   */
  pack(): PackedBatch {
    if (this.#packed === undefined) {
      const texts = this.#texts.take();
      this.#packedBytes = this.#numbers.byteLength + texts.length * BYTES_PER_CHARACTER;
      this.#packed = { rows: this.rows, numbers: this.#numbers, texts };
    }
    return this.#packed;
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

/** As long as all of a text's characters are Latin-1, it takes up half of this. */
const BYTES_PER_CHARACTER = 2;

/** The texts of a batch. Its methods answer the place where a text is; see `Repeats` for which to use. */
class Texts {
  characters = 0;
  #list: string[] = [];
  readonly #places = new Map<string, number>();

  /** To search for it would cost more than its room. */
  seldom(text: string): number {
    this.characters += text.length;
    return this.#list.push(text) - 1;
  }

  /** A comparison costs less than the hash that a search needs. `above` is the row above's place. */
  inRuns(text: string, above: number | undefined): number {
    return above !== undefined && this.#list[above] === text ? above : this.seldom(text);
  }

  often(text: string, above: number | undefined): number {
    if (above !== undefined && this.#list[above] === text) return above;
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.seldom(text);
    this.#places.set(text, place);
    return place;
  }

  take(): string {
    const json = JSON.stringify(this.#list);
    this.#list = [];
    this.#places.clear();
    return json;
  }
}

const packRow = compile(
  `(record, numbers, at, texts) => {
    const above = at - ${VALUES_PER_ROW};
    ${FIELDS.map(([name, field], place) => {
      const value = `record.${name}`;
      const above = `numbers[above + ${place}]`;
      return `numbers[at + ${place}] = ${field.kind === "number" ? value : placeOf(value, above, field.repeats)};`;
    }).join("\n")}
  }`,
  {},
) as (record: ExchangeRecord, numbers: Float64Array, at: number, texts: Texts) => void;

function placeOf(text: string, above: string, repeats: "seldom" | "in runs" | "often"): string {
  if (repeats === "seldom") return `texts.seldom(${text})`;
  return `texts.${repeats === "often" ? "often" : "inRuns"}(${text}, ${above})`;
}

/** The records that were packed, in their order, each text as `change` makes it. */
export function unpack(
  { rows, numbers, texts }: PackedBatch,
  change?: (text: string) => string,
): ExchangeRecord[] {
  const list = JSON.parse(texts) as string[];
  const changed = change === undefined ? list : list.map(change);
  const records: ExchangeRecord[] = [];
  for (let row = 0; row < rows; row += 1) {
    records.push(unpackRow(numbers, row * VALUES_PER_ROW, changed));
  }
  return records;
}

const unpackRow = compile(
  `(numbers, at, texts) => ({
    ${FIELDS.map(([name, { kind }], place) => {
      const value = `numbers[at + ${place}]`;
      return `${name}: ${kind === "number" ? value : `texts[${value}]`}`;
    }).join(",\n")}
  })`,
  {},
) as (numbers: Float64Array, at: number, texts: readonly string[]) => ExchangeRecord;
