import { escaped, isPlain } from "../../units/printable.ts";
import { compile } from "../compile.ts";
import type { Repeats } from "../field.ts";
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

/** The texts of a batch. Only the code below goes by what is in here. */
class Texts {
  list: string[] = [];
  characters = 0;
  readonly #places = new Map<string, number>();

  /** The place of a text that is likely to be here already. */
  placeOf(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.characters += text.length;
    const place = this.list.push(text) - 1;
    this.#places.set(text, place);
    return place;
  }

  take(): string {
    const json = JSON.stringify(this.list);
    this.list = [];
    this.#places.clear();
    return json;
  }
}

/** Writes a record's values as one row of numbers. */
const packRow = compile(
  `(record, numbers, at, texts) => {
    const list = texts.list;
    // The first row has none above, and compares with the text that is first: a place outside of the
    // array, though harmless, would make this several times slower.
    const above = at === 0 ? 0 : at - ${VALUES_PER_ROW};
    let text, place, characters = 0;
    ${FIELDS.map(([name, field], column) =>
      field.kind === "number"
        ? `numbers[at + ${column}] = record.${name};`
        : `text = record.${name};\n${packText(column, field.repeats)}`,
    ).join("\n")}
    texts.characters += characters;
  }`,
  {},
) as (record: ExchangeRecord, numbers: Float64Array, at: number, texts: Texts) => void;

function packText(column: number, repeats: Repeats): string {
  const push = `characters += text.length; numbers[at + ${column}] = list.push(text) - 1;`;
  // To search for it would cost more than its room.
  if (repeats === "seldom") return push;
  // A comparison with the row above costs less than the hash that a search needs.
  return `place = numbers[above + ${column}];
    if (list[place] === text) numbers[at + ${column}] = place;
    else { ${repeats === "often" ? `numbers[at + ${column}] = texts.placeOf(text);` : push} }`;
}

/** The records that were packed, in their order. */
export function unpack(packed: PackedBatch): ExchangeRecord[] {
  return recordsOf(packed, JSON.parse(packed.texts) as string[]);
}

/** The same with their texts escaped, see `escaped`. */
export function unpackEscaped(packed: PackedBatch): ExchangeRecord[] {
  const list = JSON.parse(packed.texts) as string[];
  // One search in all of them costs less than one in each; what needs escaping shows in JSON as well.
  return recordsOf(packed, isPlain(packed.texts) ? list : list.map(escaped));
}

function recordsOf({ rows, numbers }: PackedBatch, texts: readonly string[]): ExchangeRecord[] {
  const records: ExchangeRecord[] = [];
  for (let row = 0; row < rows; row += 1) {
    records.push(unpackRow(numbers, row * VALUES_PER_ROW, texts));
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
