import type { Clock } from "../../time/clock.ts";

/** Milliseconds between two reports. */
const REPORT_INTERVAL = 60_000;
/** So that the first report of several losses counts more than the first one. */
const FIRST_REPORT_DELAY = 200;

/** Counts items that are lost, and reports them once a minute at most. */
export class Losses {
  readonly #clock: Clock;
  readonly #tell: (count: number, reason: string) => void;
  #total = 0;
  #unreported = 0;
  #reason = "";
  #lastReport = -Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, tell: (count: number, reason: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get total(): number {
    return this.#total;
  }

  /** Of items whose loss is no news. */
  count(items: number): void {
    this.#total += items;
  }

  /** The reason that is reported is that of the latest loss. */
  report(items: number, reason: string): void {
    this.#total += items;
    this.#unreported += items;
    this.#reason = reason;
    if (this.#cancel !== undefined) return;
    const due = this.#lastReport + REPORT_INTERVAL - this.#clock.monotonic();
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
