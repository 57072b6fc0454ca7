import type { Clock } from "../../time/clock.ts";

/** Milliseconds for which it is remembered. */
const REMEMBERED = 60_000;
const MOST_REMEMBERED = 1_024;

/**
 * Requests whose answers have turned out to be of no use to others: the next ones go to the backend by
 * themselves instead of one after another.
 */
export class Unshared {
  readonly #clock: Clock;
  /** Hashes of keys, by when they are forgotten; the oldest first. */
  readonly #until = new Map<number | bigint, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(key: string): void {
    const hash = Bun.hash(key);
    this.#until.delete(hash);
    this.#until.set(hash, this.#clock.monotonic() + REMEMBERED);
    if (this.#until.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#until.keys();
    if (oldest !== undefined) this.#until.delete(oldest);
  }

  delete(key: string): void {
    if (this.#until.size > 0) this.#until.delete(Bun.hash(key));
  }

  has(key: string): boolean {
    if (this.#until.size === 0) return false;
    const until = this.#until.get(Bun.hash(key));
    return until !== undefined && until > this.#clock.monotonic();
  }
}
