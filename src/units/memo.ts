interface MemoOptions {
  /** Results that are kept at a time. */
  readonly most: number;
  /** Characters of the longest key whose result is kept. */
  readonly longestKey: number;
}

/** A function of text that keeps its results, for text that clients repeat; within a bound of memory. */
export class Memo<Result> {
  readonly #make: (key: string) => Result;
  readonly #options: MemoOptions;
  readonly #known = new Map<string, Result>();

  /** No result may be undefined. */
  constructor(make: (key: string) => Result, options: MemoOptions) {
    this.#make = make;
    this.#options = options;
  }

  of(key: string): Result {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const result = this.#make(key);
    const { most, longestKey } = this.#options;
    if (key.length > longestKey) return result;
    if (this.#known.size >= most) this.#known.clear();
    // A copy: the key may be a slice that keeps all of a header section in memory.
    this.#known.set(Buffer.from(key, "latin1").toString("latin1"), result);
    return result;
  }
}
