import type { Clock } from "./clock.ts";

interface Entry<Value> {
  readonly value: Value;
  /** On the monotonic clock, in milliseconds. */
  readonly until: number;
  readonly weight: number;
}

interface Bounds {
  /** Values that are kept at a time. */
  readonly most: number;
  /** What all of them may weigh together, in the unit of `set`. */
  readonly mostWeight?: number;
}

/**
 * Values by key, each until a time of its own, in bounded memory: beyond the bounds the oldest go first.
 * For what clients can fill: a flood only costs what was kept.
 */
export class ExpiringMap<Key, Value> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #mostWeight: number;
  /** In the order in which they were set. */
  readonly #entries = new Map<Key, Entry<Value>>();
  #weight = 0;

  constructor(clock: Clock, { most, mostWeight = Infinity }: Bounds) {
    this.#clock = clock;
    this.#most = most;
    this.#mostWeight = mostWeight;
  }

  /** Counts those that have expired and have not been looked for since. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonic() < entry.until) return entry.value;
    this.#drop(key, entry);
    return undefined;
  }

  /** `until` is on the monotonic clock, in milliseconds. */
  set(key: Key, value: Value, until: number, weight = 0): void {
    this.delete(key);
    this.#entries.set(key, { value, until, weight });
    this.#weight += weight;
    const now = this.#clock.monotonic();
    for (const [oldest, entry] of this.#entries) {
      const isFull = this.#entries.size > this.#most || this.#weight > this.#mostWeight;
      if (!isFull && now < entry.until) break;
      this.#drop(oldest, entry);
    }
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#drop(key, entry);
  }

  #drop(key: Key, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
