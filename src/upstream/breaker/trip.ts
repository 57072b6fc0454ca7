import { durationText } from "../../units/duration.ts";
import type { BreakerConfig } from "./schema.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** Decides when a closed breaker opens. */
export interface Trip {
  /**
   * Counts a request that ended at `now`, in monotonic milliseconds. Returns why the breaker is to open,
   * for the operator; undefined if it stays closed.
   */
  count(hasFailed: boolean, now: number): string | undefined;
  /** Begins to count again. */
  clear(): void;
}

export function tripOf(config: BreakerConfig): Trip {
  const { failure_ratio = 0.5, minimum_requests = 20, window = 10_000 } = config;
  return config.consecutive_failures === undefined
    ? new RatioTrip(failure_ratio, minimum_requests, window)
    : new TripInARow(config.consecutive_failures);
}

/** Opens at a share of failures among the requests of the last while. */
class RatioTrip implements Trip {
  readonly #ratio: number;
  readonly #minimum: number;
  readonly #span: number;
  readonly #window: SlidingWindow;

  constructor(ratio: number, minimum: number, span: number) {
    this.#ratio = ratio;
    this.#minimum = minimum;
    this.#span = span;
    this.#window = new SlidingWindow(span);
  }

  count(hasFailed: boolean, now: number): string | undefined {
    const window = this.#window;
    window.add(hasFailed, now);
    const { failed, total } = window;
    // Not failed / total: 0.55 of 20 is a little more than 11.
    if (total < this.#minimum || failed + 1e-9 < this.#ratio * total) return undefined;
    return `${failed} of ${total} requests in ${durationText(this.#span)} failed`;
  }

  clear(): void {
    this.#window.clear();
  }
}

/** Opens after so many failures in a row. */
class TripInARow implements Trip {
  readonly #most: number;
  #failures = 0;

  constructor(most: number) {
    this.#most = most;
  }

  count(hasFailed: boolean): string | undefined {
    this.#failures = hasFailed ? this.#failures + 1 : 0;
    if (this.#failures < this.#most) return undefined;
    return this.#failures === 1 ? "a request failed" : `${this.#failures} requests in a row failed`;
  }

  clear(): void {
    this.#failures = 0;
  }
}
