/** A value in DER (X.690): its tag's one byte, and its content. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Reads the values in some bytes, one after another. Throws a RangeError for what is not DER. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The tag of the next value; −1 at the end. */
  get tag(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  next(): DerValue {
    const tag = this.#byte();
    // No tag of certificates takes more than one byte.
    if ((tag & 0x1f) === 0x1f) throw new RangeError("a tag of several bytes");
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("a value goes beyond its end");
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return { tag, content };
  }

  /** The content of the next value, which must have this tag. */
  take(tag: number): Uint8Array {
    const value = this.next();
    if (value.tag !== tag) throw new RangeError(`tag ${value.tag} in place of ${tag}`);
    return value.content;
  }

  /** Reads what is inside of the next value. */
  enter(tag: number): DerReader {
    return new DerReader(this.take(tag));
  }

  /** Skips the next value if it has this tag. */
  skip(tag: number): void {
    if (this.tag === tag) this.next();
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError("a value is cut off");
    this.#at += 1;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new RangeError("a length that DER does not have");
    let length = 0;
    for (let read = 0; read < count; read += 1) length = length * 256 + this.#byte();
    return length;
  }
}

/** "2.5.4.3". Throws a RangeError for numbers that JavaScript cannot count to. */
export function objectIdentifier(content: Uint8Array): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (number > Number.MAX_SAFE_INTEGER) throw new RangeError("an object identifier is too long");
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(number / 40));
      numbers.push(first, number - 40 * first);
    } else numbers.push(number);
    number = 0;
  }
  return numbers.join(".");
}

/** A value of one of the types of text; undefined for others, and for bytes that are none. */
export function derText({ tag, content }: DerValue): string | undefined {
  const encoding = ENCODINGS[tag];
  if (encoding === undefined) return undefined;
  if (encoding === "ucs-4") return ucs4(content);
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

const ENCODINGS: Readonly<Record<number, "utf-8" | "latin1" | "utf-16be" | "ucs-4">> = {
  0x0c: "utf-8",
  0x12: "utf-8",
  0x13: "utf-8",
  // T.61 in theory, Latin-1 in practice.
  0x14: "latin1",
  0x16: "utf-8",
  0x1a: "utf-8",
  0x1c: "ucs-4",
  0x1e: "utf-16be",
};

function ucs4(content: Uint8Array): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  let text = "";
  for (let at = 0; at < content.length; at += 4) {
    const code = view.getUint32(at);
    if (code > 0x10_ff_ff) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

/** UTCTime or GeneralizedTime, as RFC 5280 section 4.1.2.5 has them, in Unix epoch milliseconds. */
export function derTime({ tag, content }: DerValue): number {
  const text = Buffer.from(content).toString("latin1");
  const digits = tag === TAG.utcTime ? `${text < "5" ? "20" : "19"}${text}` : text;
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(digits);
  if (parts === null) throw new RangeError("not a time");
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}
