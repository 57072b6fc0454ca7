/** Bytes of the longest number, 2^53. */
export const LONGEST_VARINT = 8;

/** Writes a whole number from 0 on, seven bits a byte, the lowest first. Returns where it ends. */
export function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at] = (rest % 0x80) + 0x80;
    at += 1;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at] = rest;
  return at + 1;
}

export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next number; 0 at the end. */
  next(): number {
    const first = this.#bytes[this.#at++] ?? 0;
    if (first < 0x80) return first;
    let value = first - 0x80;
    let factor = 0x80;
    for (let byte = 0x80; byte >= 0x80 && !this.isAtEnd; factor *= 0x80) {
      byte = this.#bytes[this.#at++] ?? 0;
      value += (byte % 0x80) * factor;
    }
    return value;
  }

  /** The next bytes; fewer at the end. They are not copied. */
  take(length: number): Uint8Array {
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}
