import type { Cancellation, Interruptible } from "../../pipeline/cancellation.ts";
import type { Clock } from "../../time/clock.ts";

/** The time before a retry, which ends early if the exchange is cancelled. */
export class Pause implements Interruptible {
  readonly over: Promise<undefined>;
  readonly #end: () => void;
  readonly #cancelTimer: () => void;

  constructor(clock: Clock, milliseconds: number, cancellation: Cancellation) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.over = promise;
    this.#end = () => resolve(undefined);
    this.#cancelTimer = clock.schedule(milliseconds, this.#end);
    cancellation.interrupts(this);
  }

  interrupt(): void {
    this.#cancelTimer();
    this.#end();
  }
}
