/** How many parts a window slides in. */
const PARTS = 10;

/**
 * Counts the requests of the last while, and how many of them failed. It slides in tenths, so a count
 * takes the same time and memory whatever the traffic.
 */
export class SlidingWindow {
  /** Of the requests within the window. */
  total = 0;
  failed = 0;
  readonly #width: number;
  readonly #totals = new Uint32Array(PARTS);
  readonly #failures = new Uint32Array(PARTS);
  /** The number of the latest part, counted from when the clock began. */
  #latest = 0;

  /** `span` is in milliseconds. */
  constructor(span: number) {
    this.#width = span / PARTS;
  }

  /** Counts a request that ended at `now`, in monotonic milliseconds. */
  add(hasFailed: boolean, now: number): void {
    const part = Math.floor(now / this.#width);
    if (part > this.#latest) this.#slideTo(part);
    const slot = this.#latest % PARTS;
    this.total += 1;
    this.#totals[slot] = (this.#totals[slot] ?? 0) + 1;
    if (!hasFailed) return;
    this.failed += 1;
    this.#failures[slot] = (this.#failures[slot] ?? 0) + 1;
  }

  clear(): void {
    this.total = 0;
    this.failed = 0;
    this.#totals.fill(0);
    this.#failures.fill(0);
  }

  /** Forgets the parts that have left the window. */
  #slideTo(part: number): void {
    const passed = Math.min(part - this.#latest, PARTS);
    for (let step = 1; step <= passed; step += 1) {
      const slot = (part - passed + step) % PARTS;
      this.total -= this.#totals[slot] ?? 0;
      this.failed -= this.#failures[slot] ?? 0;
      this.#totals[slot] = 0;
      this.#failures[slot] = 0;
    }
    this.#latest = part;
  }
}
