/** The text that editing makes of another one: mostly pieces of it, in order. */
export class Output {
  readonly #source: Uint8Array;
  readonly #longest: number;
  /** New text, and where pieces of the source begin, each followed by where it ends. */
  readonly #pieces: (Uint8Array | number)[] = [];
  #length = 0;
  /** A piece of the source that has not been added yet, as the next one may follow on it. */
  #from = 0;
  #to = 0;
  #isTooLong = false;

  /** The text may have up to `longest` bytes. */
  constructor(source: Uint8Array, longest: number) {
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
    if (this.#hasRoom(text.length)) this.#pieces.push(text);
  }

  /** The text; undefined if it is the source as it is. */
  result(): Uint8Array | "too long" | undefined {
    if (this.#length === 0 && this.#from === 0 && this.#to === this.#source.length) {
      return undefined;
    }
    this.#flush();
    return this.#isTooLong ? "too long" : this.#joined();
  }

  #flush(): void {
    const bytes = this.#to - this.#from;
    if (bytes > 0 && this.#hasRoom(bytes)) this.#pieces.push(this.#from, this.#to);
  }

  #hasRoom(bytes: number): boolean {
    if (this.#length + bytes > this.#longest) this.#isTooLong = true;
    if (this.#isTooLong) return false;
    this.#length += bytes;
    return true;
  }

  #joined(): Uint8Array {
    const pieces = this.#pieces;
    const all = Buffer.allocUnsafe(this.#length);
    let end = 0;
    for (let index = 0; index < pieces.length; index += 1) {
      const piece = pieces[index];
      if (typeof piece === "number") {
        index += 1;
        end = append(all, end, this.#source, piece, pieces[index] as number);
      } else if (piece !== undefined) end = append(all, end, piece, 0, piece.length);
    }
    return all;
  }
}

/** Bytes up to which a loop is faster than a call of the runtime. */
const SHORT = 64;

/** Returns the new end. */
function append(all: Uint8Array, end: number, source: Uint8Array, from: number, to: number) {
  if (to - from > SHORT) all.set(source.subarray(from, to), end);
  else for (let at = from; at < to; at += 1) all[end + at - from] = source[at] ?? 0;
  return end + to - from;
}
