import type { Clock } from "../../../../time/clock.ts";

/** How long a browser's next request may take that still has the previous cookie. */
const REMEMBERED_MS = 300_000;

/** A value, and until when it is worth keeping, on the monotonic clock. */
interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/** Values by key, each for some time; the oldest are forgotten first when there are too many. */
export class Remembered<Value> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #entries = new Map<string, Entry<Value>>();

  /** Keeps `most` at a time. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  get(key: string): Value | undefined {
    if (this.#entries.size === 0) return undefined;
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.until > this.#clock.monotonic() ? entry.value : undefined;
  }

  set(key: string, value: Value, forMs = REMEMBERED_MS): void {
    const now = this.#clock.monotonic();
    this.#entries.delete(key);
    for (const [oldest, { until }] of this.#entries) {
      if (until > now && this.#entries.size < this.#most) break;
      this.#entries.delete(oldest);
    }
    this.#entries.set(key, { value, until: now + forMs });
  }
}
