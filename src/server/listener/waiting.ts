import type { PendingTimeout, Timeout } from "../../time/timeout.ts";

/** An item that waits, by the timeout that applied when it began. */
export class Waiting<Item> {
  readonly #timeout: Timeout<Item>;
  readonly #pending: PendingTimeout;

  constructor(timeout: Timeout<Item>, item: Item) {
    this.#timeout = timeout;
    this.#pending = timeout.begin(item);
  }

  /** Whether its time is neither up nor ended. */
  get isRunning(): boolean {
    return this.#pending.running;
  }

  end(): void {
    this.#timeout.end(this.#pending);
  }
}
