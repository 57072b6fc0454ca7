import type { Clock } from "../time/clock.ts";

/** Milliseconds. So that the first report of a burst counts more than its first item. */
const FIRST_REPORT_DELAY = 200;

/** Counts lost items, and reports them together at intervals. */
export class Losses {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #tell: (count: number, reason: string) => void;
  #total = 0;
  #unreported = 0;
  #reason = "";
  #lastReport = -Infinity;
  #cancel: (() => void) | undefined;

  /** At least `interval` milliseconds are between two calls of `tell`, unless `flush` makes them. */
  constructor(clock: Clock, interval: number, tell: (count: number, reason: string) => void) {
    this.#clock = clock;
    this.#interval = interval;
    this.#tell = tell;
  }

  get total(): number {
    return this.#total;
  }

  /** For items whose loss the caller reports, or need not report. */
  count(items: number): void {
    this.#total += items;
  }

  /** The reason that is reported is that of the latest loss. */
  report(items: number, reason: string): void {
    this.#total += items;
    this.#unreported += items;
    this.#reason = reason;
    if (this.#cancel !== undefined) return;
    const due = this.#lastReport + this.#interval - this.#clock.monotonic();
    this.#cancel = this.#clock.schedule(Math.max(due, FIRST_REPORT_DELAY), () => this.flush());
  }

  /** Reports at once what has not been reported yet. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#unreported === 0) return;
    const count = this.#unreported;
    this.#unreported = 0;
    this.#lastReport = this.#clock.monotonic();
    this.#tell(count, this.#reason);
  }
}
