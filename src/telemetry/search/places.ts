/** The places of a block's rows that are still candidates, in their order. */
export class Places {
  readonly #rows: number;
  readonly #places: Uint16Array;
  /** Whether all rows are, and `#places` is not filled yet. */
  #isAll = true;
  #count: number;

  constructor(rows: number) {
    this.#rows = rows;
    this.#count = rows;
    this.#places = new Uint16Array(rows);
  }

  get count(): number {
    return this.#count;
  }

  /** The place of one of them. */
  at(index: number): number {
    return this.#isAll ? index : (this.#places[index] ?? 0);
  }

  clear(): void {
    this.#isAll = false;
    this.#count = 0;
  }

  /** Keeps those whose code is accepted; without codes, all. */
  keepCodes(codes: Uint8Array | Uint16Array | undefined, accepted: Uint8Array): void {
    if (codes === undefined) return;
    const places = this.#places;
    let kept = 0;
    if (this.#isAll) {
      const rows = Math.min(this.#rows, codes.length);
      for (let place = 0; place < rows; place += 1) {
        if (accepted[codes[place] as number] === 1) {
          places[kept] = place;
          kept += 1;
        }
      }
    } else {
      for (let index = 0; index < this.#count; index += 1) {
        const place = places[index] as number;
        if (accepted[codes[place] as number] === 1) {
          places[kept] = place;
          kept += 1;
        }
      }
    }
    this.#isAll = false;
    this.#count = kept;
  }

  /** Keeps those whose value passes the test. */
  keepValues(values: Uint16Array, test: (value: number) => boolean): void {
    const places = this.#places;
    let kept = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const place = this.#isAll ? index : (places[index] as number);
      if (test(values[place] as number)) {
        places[kept] = place;
        kept += 1;
      }
    }
    this.#isAll = false;
    this.#count = kept;
  }
}
