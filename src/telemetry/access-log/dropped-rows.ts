import type { Clock } from "../../time/clock.ts";
import type { LogLevel } from "../../units/log-level.ts";

const REPORT_INTERVAL = 10_000;
/** So that the first report of a burst counts more than its first row. */
const FIRST_REPORT_DELAY = 200;

/** Counts rows dropped for lack of room, and reports them at most once every ten seconds. */
export class DroppedRows {
  readonly #clock: Clock;
  readonly #report: (level: LogLevel, message: string) => void;
  #total = 0;
  #unreported = 0;
  #lastReport = -Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, report: (level: LogLevel, message: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  get total(): number {
    return this.#total;
  }

  /** For rows whose loss the caller reports. */
  count(rows: number): void {
    this.#total += rows;
  }

  countAndReport(rows: number): void {
    this.#total += rows;
    this.#unreported += rows;
    if (this.#cancel !== undefined) return;
    const due = this.#lastReport + REPORT_INTERVAL - this.#clock.monotonic();
    this.#cancel = this.#clock.schedule(Math.max(due, FIRST_REPORT_DELAY), () => this.flush());
  }

  /** Reports at once what has not been reported yet. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#unreported === 0) return;
    const rows = this.#unreported;
    this.#unreported = 0;
    this.#lastReport = this.#clock.monotonic();
    this.#report("warn", `access log: ${rows} rows dropped: too many are waiting to be written`);
  }
}
