import type { Clock } from "../../time/clock.ts";

/** Once it has been reported, the same is not reported again for so long. */
const EVERY_MS = 60_000;

/** Keeps what clients can cause at will from filling the log. */
export class ReportLimit {
  readonly #clock: Clock;
  #next = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether to report now. */
  take(): boolean {
    const now = this.#clock.monotonic();
    if (now < this.#next) return false;
    this.#next = now + EVERY_MS;
    return true;
  }
}
