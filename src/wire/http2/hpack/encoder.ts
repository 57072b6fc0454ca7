import type { Field } from "../../../http/field.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { FIELD_OVERHEAD, HeaderField, isConnectionSpecific } from "../header-field.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";
import { STATIC_ENTRIES, STATIC_TABLE } from "./static-table.ts";

/** An entry of the dynamic table. */
interface Entry {
  readonly record: NameRecord;
  readonly value: string;
  /** How many entries were inserted before it. */
  readonly number: number;
  readonly size: number;
  /** The field object that it was inserted for, by which it is found fastest. */
  readonly field: Field | undefined;
}

/** What the encoder knows of a name. */
interface NameRecord {
  readonly name: string;
  /** Index in the static table; 0 if it is not there. */
  readonly staticIndex: number;
  /** Indexes of the static table's values of this name. */
  readonly staticValues: ReadonlyMap<string, number> | undefined;
  readonly use: "index" | "never index" | "leave out";
  /** Entries of the dynamic table with this name. */
  entries: Entry[];
  /** The value sent last. Only one that is sent again is worth an entry. */
  lastValue: string | undefined;
}

/** Values that a compressed connection must not give away (RFC 7541 section 7.1). */
const SECRETS =
  /^(?!:).*(?:auth|cookie|token|secret|api-?key|password|credential|session|signature)/;
/** Names that are remembered besides those in the table. */
const MOST_NAMES = 256;
const LARGEST_TABLE = 4096;
/** Larger fields would evict too much. */
const LARGEST_ENTRY = LARGEST_TABLE / 4;

/**
 * Encodes header sections (RFC 7541) of one connection. A field enters the table when it is sent for the
 * second time in a row with the same value; secrets and targets with a query never do. Connection-specific fields are left out.
 */
export class HpackEncoder {
  #names = new Map<string, NameRecord>();
  readonly #byField = new Map<Field, Entry>();
  /** The dynamic table, the oldest entry first. */
  #entries: Entry[] = [];
  #inserted = 0;
  #size = 0;
  #maxSize = LARGEST_TABLE;
  /** Table size updates to be sent: the smallest size meanwhile, and the current one. */
  #update: { smallest: number; current: number } | undefined;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE, in bytes. */
  allow(size: number): void {
    const current = Math.min(size, LARGEST_TABLE);
    if (current === this.#maxSize) return;
    this.#update = { smallest: Math.min(current, this.#update?.smallest ?? current), current };
    this.#maxSize = current;
    this.#evict(0);
  }

  /** Begins a header block; fields follow. */
  begin(out: ByteWriter): void {
    const update = this.#update;
    if (update === undefined) return;
    this.#update = undefined;
    out.reserve(12);
    if (update.smallest < update.current) integer(out, 0x20, 0x1f, update.smallest);
    integer(out, 0x20, 0x1f, update.current);
  }

  field(out: ByteWriter, field: Field): void {
    const entry = this.#byField.get(field);
    if (entry !== undefined) {
      out.reserve(6);
      integer(out, 0x80, 0x7f, this.#indexOf(entry));
      return;
    }
    const isNeverIndexed = field instanceof HeaderField && field.isNeverIndexed;
    this.#encode(out, field.name, field.value, field, isNeverIndexed);
  }

  /** A field that is no object: a pseudo-field. */
  pair(out: ByteWriter, name: string, value: string): void {
    this.#encode(out, name, value, undefined, false);
  }

  #encode(
    out: ByteWriter,
    name: string,
    value: string,
    field: Field | undefined,
    isNeverIndexed: boolean,
  ): void {
    const record = this.#names.get(name) ?? this.#learn(name);
    if (record.use === "leave out") return;
    out.reserve(name.length + value.length + 24);
    const isSecret = isNeverIndexed || record.use === "never index";
    const known = record.staticValues?.get(value);
    if (known !== undefined) {
      integer(out, 0x80, 0x7f, known);
      return;
    }
    if (isSecret) {
      this.#literal(out, record, value, 0x10, 0x0f);
      return;
    }
    const entry = record.entries.find((entry) => entry.value === value);
    if (entry !== undefined) {
      integer(out, 0x80, 0x7f, this.#indexOf(entry));
      return;
    }
    const isRepeated = record.lastValue === value && !(name === ":path" && value.includes("?"));
    if (isRepeated && this.#insert(out, record, value, field)) return;
    record.lastValue = value;
    this.#literal(out, record, value, 0x00, 0x0f);
  }

  #learn(name: string): NameRecord {
    if (this.#names.size >= MOST_NAMES) {
      this.#names = new Map(this.#entries.map(({ record }) => [record.name, record]));
    }
    const use = isConnectionSpecific(name)
      ? "leave out"
      : SECRETS.test(name)
        ? "never index"
        : "index";
    const staticIndex = STATIC_TABLE.findIndex((entry) => entry.name === name) + 1;
    const staticValues = STATIC_VALUES.get(name);
    const record: NameRecord = {
      name,
      staticIndex,
      staticValues,
      use,
      entries: [],
      lastValue: undefined,
    };
    this.#names.set(name, record);
    return record;
  }

  #indexOf(entry: Entry): number {
    return STATIC_ENTRIES + this.#inserted - entry.number;
  }

  /** Sends a field with the order to remember it. False if it does not fit into the table. */
  #insert(out: ByteWriter, record: NameRecord, value: string, field: Field | undefined): boolean {
    const size = record.name.length + value.length + FIELD_OVERHEAD;
    if (size > LARGEST_ENTRY || size > this.#maxSize) return false;
    // The name's index is of the table before the insertion.
    this.#literal(out, record, value, 0x40, 0x3f);
    this.#evict(size);
    const entry = { record, value, number: this.#inserted, size, field };
    this.#inserted += 1;
    this.#size += size;
    this.#entries.push(entry);
    record.entries.push(entry);
    if (field !== undefined) this.#byField.set(field, entry);
    return true;
  }

  /** Evicts entries until so many further bytes fit. */
  #evict(more: number): void {
    while (this.#size + more > this.#maxSize) {
      const entry = this.#entries.shift();
      if (entry === undefined) return;
      this.#size -= entry.size;
      if (entry.field !== undefined) this.#byField.delete(entry.field);
      const { record } = entry;
      record.entries = record.entries.filter((other) => other !== entry);
    }
  }

  #literal(out: ByteWriter, record: NameRecord, value: string, kind: number, prefix: number): void {
    const entry = record.entries.at(-1);
    const index =
      record.staticIndex > 0 ? record.staticIndex : entry === undefined ? 0 : this.#indexOf(entry);
    integer(out, kind, prefix, index);
    if (index === 0) string(out, record.name, true);
    // What is sent once is not worth the time; what is remembered is sent once for many.
    string(out, value, kind !== 0x00);
  }
}

const STATIC_VALUES: ReadonlyMap<string, ReadonlyMap<string, number>> = staticValues();

function staticValues(): Map<string, Map<string, number>> {
  const byName = new Map<string, Map<string, number>>();
  for (const [index, { name, value }] of STATIC_TABLE.entries()) {
    // The other values are empty because the table has only names for them.
    if (value === "") continue;
    const values = byName.get(name) ?? new Map<string, number>();
    values.set(value, index + 1);
    byName.set(name, values);
  }
  return byName;
}

/** An integer after the bits of `kind`, whose prefix is the mask's bits (RFC 7541 section 5.1). */
function integer(out: ByteWriter, kind: number, prefix: number, value: number): void {
  if (value < prefix) {
    out.byte(kind | value);
    return;
  }
  out.byte(kind | prefix);
  let rest = value - prefix;
  while (rest >= 0x80) {
    out.byte((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.byte(rest);
}

function string(out: ByteWriter, text: string, mayCompress: boolean): void {
  const compressed = mayCompress ? huffmanLength(text) : text.length;
  if (compressed < text.length) {
    integer(out, 0x80, 0x7f, compressed);
    out.length = encodeHuffman(text, out.bytes, out.length);
  } else {
    integer(out, 0x00, 0x7f, text.length);
    out.latin1(text);
  }
}
