import { escaped, isPlain } from "../../units/printable.ts";
import { compile } from "../compile.ts";
import type { TextField } from "../field.ts";
import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";

/** A batch as it is sent to the worker. */
export interface PackedBatch {
  readonly rows: number;
  /**
   * One value per field and row; for a text, its index in `texts`, for one that is kept verbatim its
   * index in `verbatim`, -1 if it is empty.
   */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** A JSON array of strings. */
  readonly texts: string;
  /** The same; most batches have none. */
  readonly verbatim: string;
}

const FIELDS = Object.entries(fields);
/** Whether it is logged comes after its fields. */
const IS_LOGGED = FIELDS.length;
const VALUES_PER_ROW = IS_LOGGED + 1;
const ROWS_AT_FIRST = 16;

/**
 * Records for the worker, stored as rows of numbers. Texts that rows are likely to share are stored
 * once, so a waiting batch needs little memory and gives the garbage collector little to scan.
 */
export class Batch {
  /** Records, those that are only counted too. */
  rows = 0;
  /** Of these, how many become rows of the log. */
  logged = 0;
  readonly #texts = new Texts();
  #numbers: Float64Array<ArrayBuffer>;
  #packed: PackedBatch | undefined;
  #packedBytes = 0;

  /** `expected` is the likely number of rows, 0 if unknown. */
  constructor(expected = 0) {
    this.#numbers = new Float64Array(Math.max(expected, ROWS_AT_FIRST) * VALUES_PER_ROW);
  }

  /** Characters of its texts. */
  get characters(): number {
    return this.#texts.characters;
  }

  /** Memory in bytes: an estimate while the batch is being filled, an upper bound once packed. */
  get bytes(): number {
    if (this.#packed !== undefined) return this.#packedBytes;
    return this.#numbers.byteLength + this.characters * BYTES_PER_CHARACTER;
  }

  add(record: ExchangeRecord): void {
    const at = this.rows * VALUES_PER_ROW;
    if (at === this.#numbers.length) this.#grow();
    packRow(record, this.#numbers, at, this.#texts);
    this.rows += 1;
    if (record.isLogged) this.logged += 1;
  }

  /**
   * Returns the same object each time. The numbers are transferred, not copied, and the texts become
   * one string, which keeps nothing else in memory. No records may be added afterwards.
   */
  pack(): PackedBatch {
    if (this.#packed === undefined) {
      const { texts, verbatim } = this.#texts.take();
      const characters = texts.length + verbatim.length;
      this.#packedBytes = this.#numbers.byteLength + characters * BYTES_PER_CHARACTER;
      this.#packed = { rows: this.rows, numbers: this.#numbers, texts, verbatim };
    }
    return this.#packed;
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

/** An upper bound: strings of Latin-1 characters only need one byte per character. */
const BYTES_PER_CHARACTER = 2;

/** The texts of a batch. `packRow` uses its properties directly. */
class Texts {
  list: string[] = [];
  verbatim: string[] = [];
  characters = 0;
  readonly #places = new Map<string, number>();

  /** The index of a text that is probably there already. */
  placeOf(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.characters += text.length;
    const place = this.list.push(text) - 1;
    this.#places.set(text, place);
    return place;
  }

  take(): { texts: string; verbatim: string } {
    const json = { texts: JSON.stringify(this.list), verbatim: JSON.stringify(this.verbatim) };
    this.list = [];
    this.verbatim = [];
    this.#places.clear();
    return json;
  }
}

/** Stores a record as one row of numbers. */
const packRow = compile(
  `(record, numbers, at, texts) => {
    const { list, verbatim } = texts;
    // The first row compares with itself, which is harmless. Reading outside of the array would be
    // correct too, and several times slower.
    const above = at === 0 ? 0 : at - ${VALUES_PER_ROW};
    let text, place, characters = 0;
    ${FIELDS.map(([name, field], column) =>
      field.kind === "number"
        ? `numbers[at + ${column}] = record.${name};`
        : `text = record.${name};\n${packText(column, field)}`,
    ).join("\n")}
    numbers[at + ${IS_LOGGED}] = record.isLogged ? 1 : 0;
    texts.characters += characters;
  }`,
  {},
) as (record: ExchangeRecord, numbers: Float64Array, at: number, texts: Texts) => void;

function packText(
  column: number,
  { repeats, isVerbatim }: Pick<TextField, "repeats" | "isVerbatim">,
): string {
  if (isVerbatim) {
    return `if (text === "") numbers[at + ${column}] = -1;
    else { characters += text.length; numbers[at + ${column}] = verbatim.push(text) - 1; }`;
  }
  const push = `characters += text.length; numbers[at + ${column}] = list.push(text) - 1;`;
  // A lookup would cost more than the memory it saves.
  if (repeats === "seldom") return push;
  // Comparing with the row above is cheaper than hashing.
  return `place = numbers[above + ${column}];
    if (list[place] === text) numbers[at + ${column}] = place;
    else { ${repeats === "often" ? `numbers[at + ${column}] = texts.placeOf(text);` : push} }`;
}

/** The packed records, in order, with their texts escaped, see `escaped`, but for those kept verbatim. */
export function unpack(batch: PackedBatch): ExchangeRecord[] {
  const { rows, numbers } = batch;
  const list = JSON.parse(batch.texts) as string[];
  // One test for all texts is cheaper than one for each. JSON also shows what needs escaping.
  const texts = isPlain(batch.texts) ? list : list.map(escaped);
  const verbatim = JSON.parse(batch.verbatim) as string[];
  const records: ExchangeRecord[] = [];
  for (let row = 0; row < rows; row += 1) {
    records.push(unpackRow(numbers, row * VALUES_PER_ROW, texts, verbatim));
  }
  return records;
}

const unpackRow = compile(
  `(numbers, at, texts, verbatim) => ({
    ${FIELDS.map(([name, field], place) => {
      const value = `numbers[at + ${place}]`;
      if (field.kind === "number") return `${name}: ${value}`;
      return field.isVerbatim
        ? `${name}: ${value} < 0 ? "" : verbatim[${value}]`
        : `${name}: texts[${value}]`;
    }).join(",\n")},
    isLogged: numbers[at + ${IS_LOGGED}] === 1,
  })`,
  {},
) as (
  numbers: Float64Array,
  at: number,
  texts: readonly string[],
  verbatim: readonly string[],
) => ExchangeRecord;
