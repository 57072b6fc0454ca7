/**
 * A binary min-heap of the indexes 0 to `capacity` − 1, each with a numeric key. Of equal keys, the
 * lower index comes first. Allocates only in the constructor.
 */
export class IndexHeap {
  /** How many indexes are in it. */
  size = 0;
  readonly #indexes: Uint32Array;
  readonly #keys: Float64Array;

  constructor(capacity: number) {
    this.#indexes = new Uint32Array(capacity);
    this.#keys = new Float64Array(capacity);
  }

  /** The smallest key; Infinity when the heap is empty. */
  get leastKey(): number {
    return this.size === 0 ? Infinity : (this.#keys[0] ?? Infinity);
  }

  /** Adds an index that is not in the heap. */
  push(index: number, key: number): void {
    let position = this.size;
    this.size += 1;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#isAfter(parent, index, key)) break;
      this.#move(parent, position);
      position = parent;
    }
    this.#indexes[position] = index;
    this.#keys[position] = key;
  }

  /** Removes the index with the smallest key and returns it; −1 when the heap is empty. */
  pop(): number {
    if (this.size === 0) return -1;
    const least = this.#indexes[0] ?? -1;
    this.size -= 1;
    const last = this.#indexes[this.size] ?? 0;
    const lastKey = this.#keys[this.size] ?? 0;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= this.size) break;
      const right = child + 1;
      if (
        right < this.size &&
        this.#isAfter(child, this.#indexes[right] ?? 0, this.#keys[right] ?? 0)
      ) {
        child = right;
      }
      if (this.#isAfter(child, last, lastKey)) break;
      this.#move(child, position);
      position = child;
    }
    this.#indexes[position] = last;
    this.#keys[position] = lastKey;
    return least;
  }

  /** Adds to every key, which does not change their order. */
  shift(amount: number): void {
    for (let position = 0; position < this.size; position += 1) {
      this.#keys[position] = (this.#keys[position] ?? 0) + amount;
    }
  }

  /** Whether the entry at `position` comes after `index` with `key`. */
  #isAfter(position: number, index: number, key: number): boolean {
    const standing = this.#keys[position] ?? 0;
    return standing > key || (standing === key && (this.#indexes[position] ?? 0) > index);
  }

  #move(from: number, to: number): void {
    this.#indexes[to] = this.#indexes[from] ?? 0;
    this.#keys[to] = this.#keys[from] ?? 0;
  }
}
