import type { PendingTimeout, Timeout } from "../../time/timeout.ts";

/**
 * What an item waits for: one thing at a time, by the timeout that applied when it began. One object
 * serves for everything that a session waits for in turn.
 */
export class Waiting<Item> {
  readonly #item: Item;
  #timeout: Timeout<Item> | undefined;
  #pending: PendingTimeout = NOT_PENDING;

  constructor(item: Item) {
    this.#item = item;
  }

  /** Takes the place of what was being waited for. */
  begin(timeout: Timeout<Item>): void {
    this.end();
    this.#timeout = timeout;
    this.#pending = timeout.begin(this.#item);
  }

  end(): void {
    if (this.#timeout === undefined) return;
    this.#timeout.end(this.#pending);
    this.#timeout = undefined;
  }

  /** Whether something is being waited for, whether or not its time is up. */
  get isBegun(): boolean {
    return this.#timeout !== undefined;
  }

  /** Whether that has this timeout. */
  isBy(timeout: Timeout<Item>): boolean {
    return this.#timeout === timeout;
  }

  /** Whether its time is up. */
  get isUp(): boolean {
    return this.isBegun && !this.#pending.running;
  }
}

const NOT_PENDING: PendingTimeout = { running: false };
