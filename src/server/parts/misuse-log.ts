import type { Logger } from "../../telemetry/logger.ts";
import type { Clock } from "../../time/clock.ts";

/** More lines a minute say nothing new. */
const LINES_A_MINUTE = 20;
const MINUTE_MS = 60_000;

/** A line for each HTTP/2 connection that was ended for what its client sent; beyond some, a count. */
export class MisuseLog {
  readonly #clock: Clock;
  readonly #logger: Pick<Logger, "log">;
  #minuteEnds = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(clock: Clock, logger: Pick<Logger, "log">) {
    this.#clock = clock;
    this.#logger = logger;
  }

  add(peer: string, reason: string): void {
    const now = this.#clock.monotonic();
    if (now >= this.#minuteEnds) {
      this.#minuteEnds = now + MINUTE_MS;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_A_MINUTE) {
      this.#leftOut += 1;
      return;
    }
    this.#lines += 1;
    const before = this.#leftOut > 0 ? `; ${this.#leftOut} others before it are not listed` : "";
    this.#leftOut = 0;
    this.#logger.log("info", `the HTTP/2 connection of ${peer} was ended: ${reason}${before}`);
  }
}
