import type { Clock } from "./clock.ts";

/**
 * Calls back once when nothing has happened for a time. A touch only reads the clock; it does not
 * restart the timer.
 */
export class IdleTimeout {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #onIdle: () => void;
  #touchedAt: number;
  #cancel: () => void = () => {};

  /** `timeout` is in milliseconds; 0 never calls back. */
  constructor(clock: Clock, timeout: number, onIdle: () => void) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#onIdle = onIdle;
    this.#touchedAt = clock.monotonic();
    if (timeout > 0) this.#wait(timeout);
  }

  touch(): void {
    this.#touchedAt = this.#clock.monotonic();
  }

  stop(): void {
    this.#cancel();
  }

  #wait(span: number): void {
    this.#cancel = this.#clock.schedule(span, () => {
      const left = this.#timeout - (this.#clock.monotonic() - this.#touchedAt);
      if (left > 0) this.#wait(left);
      else this.#onIdle();
    });
  }
}
