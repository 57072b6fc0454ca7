import type { Clock } from "../../time/clock.ts";

/** How often something may happen: `burst` times at once, and `perSecond` times for long. */
export class Budget {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #filledAt: number;

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#filledAt = clock.monotonic();
  }

  /** Whether it may happen once more. Reads the clock only when the burst has been used. */
  spend(): boolean {
    if (this.#left < 1) {
      const now = this.#clock.monotonic();
      const earned = ((now - this.#filledAt) * this.#perSecond) / 1000;
      this.#left = Math.min(this.#burst, this.#left + earned);
      this.#filledAt = now;
    }
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** Something useful has happened, which allows for so many more. */
  earn(count: number): void {
    this.#left = Math.min(this.#burst, this.#left + count);
  }
}
