/** The text that editing makes of another one: mostly pieces of it, in order. */
export class Output {
  readonly #source: Buffer;
  readonly #longest: number;
  #bytes: Buffer | undefined;
  #length = 0;
  /** A piece of the source that has not been copied yet, as the next one may follow on it. */
  #from = 0;
  #to = 0;
  #isTooLong = false;

  /** The text may have up to `longest` bytes. */
  constructor(source: Buffer, longest: number) {
    this.#source = source;
    this.#longest = longest;
  }

  /** Adds a piece of the source. */
  copy(from: number, to: number): void {
    if (from !== this.#to) {
      this.#flush();
      this.#from = from;
    }
    this.#to = to;
  }

  /** Adds something new. */
  write(text: Uint8Array): void {
    this.#flush();
    this.#from = this.#to;
    this.#reserve(text.length);
    if (this.#isTooLong) return;
    this.#bytes?.set(text, this.#length);
    this.#length += text.length;
  }

  /** The text; undefined if it is the source as it is. */
  result(): Buffer | "too long" | undefined {
    if (this.#length === 0 && this.#from === 0 && this.#to === this.#source.length) {
      return undefined;
    }
    this.#flush();
    return this.#isTooLong ? "too long" : this.#bytes?.subarray(0, this.#length);
  }

  #flush(): void {
    const bytes = this.#to - this.#from;
    if (bytes === 0) return;
    this.#reserve(bytes);
    if (this.#isTooLong || this.#bytes === undefined) return;
    this.#source.copy(this.#bytes, this.#length, this.#from, this.#to);
    this.#length += bytes;
    this.#from = this.#to;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#longest) this.#isTooLong = true;
    if (this.#isTooLong) return;
    if (this.#bytes === undefined) {
      this.#bytes = Buffer.allocUnsafe(Math.max(needed, this.#source.length + ROOM));
    } else if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
  }
}

/** Most edits add less. */
const ROOM = 256;
