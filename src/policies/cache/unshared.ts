import type { Clock } from "../../time/clock.ts";
import { ExpiringMap } from "../../time/expiring-map.ts";

/** Milliseconds for which it is remembered. */
const REMEMBERED = 60_000;
const MOST_REMEMBERED = 1_024;

/**
 * Requests whose answers have turned out to be of no use to others: the next ones go to the backend by
 * themselves instead of one after another.
 */
export class Unshared {
  readonly #clock: Clock;
  /** Hashes of keys. */
  readonly #known: ExpiringMap<number | bigint, true>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#known = new ExpiringMap(clock, { most: MOST_REMEMBERED });
  }

  add(key: string): void {
    this.#known.set(Bun.hash(key), true, this.#clock.monotonic() + REMEMBERED);
  }

  delete(key: string): void {
    if (this.#known.size > 0) this.#known.delete(Bun.hash(key));
  }

  has(key: string): boolean {
    return this.#known.size > 0 && this.#known.get(Bun.hash(key)) === true;
  }
}
