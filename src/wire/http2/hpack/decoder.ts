import { ErrorCode, Http2Error } from "../error-code.ts";
import { HeaderField } from "../header-field.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_ENTRIES, STATIC_TABLE } from "./static-table.ts";

/** What one header section may hold. */
export interface HeaderLimits {
  /** In bytes, counted as RFC 9113 section 6.5.2 does: names, values and 32 for each field. */
  readonly maxSize: number;
  readonly maxFields: number;
}

/** The largest integer accepted; lengths and indexes are far below. */
const LARGEST_INTEGER = 0xff_ff_ff;

/**
 * Decodes header blocks (RFC 7541) of one connection. Fields that come from the table are the same
 * objects each time, already checked.
 */
export class HpackDecoder {
  readonly #limits: HeaderLimits;
  /** What the encoder may use, in bytes: our SETTINGS_HEADER_TABLE_SIZE. */
  readonly #allowedSize: number;
  /** The dynamic table, the newest entry last. */
  #entries: HeaderField[] = [];
  /** Entries before this one have been evicted. */
  #first = 0;
  #size = 0;
  #maxSize: number;
  #block: Buffer = NOTHING;
  #at = 0;

  constructor(limits: HeaderLimits, allowedSize = 4096) {
    this.#limits = limits;
    this.#allowedSize = allowedSize;
    this.#maxSize = allowedSize;
  }

  /**
   * Decodes a whole block. Undefined if the section is above the limits; the table is up to date then
   * too. Throws Http2Error, after which the connection cannot go on.
   */
  decode(block: Buffer): HeaderField[] | undefined {
    const { maxSize, maxFields } = this.#limits;
    const fields: HeaderField[] = [];
    let size = 0;
    this.#block = block;
    this.#at = 0;
    while (this.#at < block.length) {
      const byte = block[this.#at] ?? 0;
      let field: HeaderField;
      if (byte >= 0x80) field = this.#entry(this.#integer(0x7f));
      else if (byte >= 0x40) {
        field = this.#literal(0x3f, false);
        this.#insert(field);
      } else if (byte >= 0x20) {
        // Only before the first field (RFC 7541 section 4.2).
        if (size > 0) throw invalid("a table size update between fields");
        this.#resize(this.#integer(0x1f));
        continue;
      } else field = this.#literal(0x0f, byte >= 0x10);
      size += field.size;
      if (size <= maxSize && fields.length < maxFields) fields.push(field);
      else size = Math.max(size, maxSize + 1);
    }
    this.#block = NOTHING;
    return size > maxSize ? undefined : fields;
  }

  #literal(prefix: number, isNeverIndexed: boolean): HeaderField {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#entry(index).name;
    return new HeaderField(name, this.#string(), isNeverIndexed);
  }

  #entry(index: number): HeaderField {
    const { length } = this.#entries;
    const place = length - (index - STATIC_ENTRIES);
    const entry =
      index <= STATIC_ENTRIES
        ? STATIC_TABLE[index - 1]
        : place >= this.#first
          ? this.#entries[place]
          : undefined;
    if (entry === undefined) throw invalid("an index outside of the table");
    return entry;
  }

  #insert(field: HeaderField): void {
    this.#size += field.size;
    this.#entries.push(field);
    if (this.#size > this.#maxSize) this.#evict();
  }

  #resize(size: number): void {
    if (size > this.#allowedSize) throw invalid("a table size above SETTINGS_HEADER_TABLE_SIZE");
    this.#maxSize = size;
    this.#evict();
  }

  #evict(): void {
    while (this.#size > this.#maxSize) {
      this.#size -= this.#entries[this.#first]?.size ?? 0;
      this.#first += 1;
    }
    // Entries that have gone must not be kept alive for long.
    if (this.#first > 32 || this.#first === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** An integer whose prefix is the given mask's bits (RFC 7541 section 5.1). */
  #integer(prefix: number): number {
    const block = this.#block;
    let value = (block[this.#at] ?? 0) & prefix;
    this.#at += 1;
    if (value < prefix) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = block[this.#at];
      if (byte === undefined) throw invalid(TRUNCATED);
      this.#at += 1;
      // By multiplication: a shift would wrap around.
      value += (byte & 0x7f) * 2 ** shift;
      if (value > LARGEST_INTEGER || shift > 28) throw invalid("an integer that is too large");
      if (byte < 0x80) return value;
    }
  }

  #string(): string {
    const block = this.#block;
    const first = block[this.#at];
    if (first === undefined) throw invalid(TRUNCATED);
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > block.length) throw invalid(TRUNCATED);
    this.#at = end;
    return first >= 0x80 ? decodeHuffman(block, start, end) : block.toString("latin1", start, end);
  }
}

const NOTHING = Buffer.alloc(0);
const TRUNCATED = "a header block that ends too early";

function invalid(message: string): Http2Error {
  return new Http2Error(ErrorCode.compressionError, message);
}
