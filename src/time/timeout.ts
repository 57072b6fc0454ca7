import type { Clock } from "./clock.ts";

/** The time of one item. */
export interface PendingTimeout {
  /** False once the time is up or `end` was called. */
  running: boolean;
}

interface Queued<Item> extends PendingTimeout {
  readonly item: Item;
  deadline: number;
  previous: Queued<Item> | undefined;
  next: Queued<Item> | undefined;
}

/**
 * One timeout for many items. All have the same time, so it is up in the order in which they began:
 * a queue with one timer is cheaper than a timer for each.
 */
export class Timeout<Item> {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  readonly #timeIsUp: (item: Item) => void;
  #first: Queued<Item> | undefined;
  #last: Queued<Item> | undefined;
  #cancelTimer: (() => void) | undefined;

  /** 0 milliseconds is no limit. */
  constructor(clock: Clock, milliseconds: number, timeIsUp: (item: Item) => void) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
    this.#timeIsUp = timeIsUp;
  }

  /** Begins the time of an item. `end` takes what this returns. */
  begin(item: Item): PendingTimeout {
    if (this.#milliseconds === 0) return UNLIMITED;
    const queued = pendingTimeoutOf(item);
    this.#start(queued);
    return queued;
  }

  /** Begins the time of an item when a promise is fulfilled. */
  beginAfter(promise: Promise<void>, item: Item): PendingTimeout {
    const queued = pendingTimeoutOf(item);
    void promise.then(() => {
      if (queued.running) this.#start(queued);
    });
    return queued;
  }

  /** Ends the time of an item before it is up. */
  end(pendingTimeout: PendingTimeout): void {
    if (!pendingTimeout.running) return;
    // Only `begin` and `beginAfter` make these that run, and they are queued.
    this.#remove(pendingTimeout as Queued<Item>);
    if (this.#first !== undefined) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Whether no item's time is running. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** When the time of the first item began, by the monotonic clock; undefined if there is none. */
  get firstBegan(): number | undefined {
    return this.#first === undefined ? undefined : this.#first.deadline - this.#milliseconds;
  }

  /** The time of the item that began first is up now. False if there is none. */
  expireFirst(): boolean {
    const first = this.#first;
    if (first === undefined) return false;
    this.end(first);
    this.#timeIsUp(first.item);
    return true;
  }

  #start(queued: Queued<Item>): void {
    if (this.#milliseconds === 0) return;
    // First, so that nothing is left in the queue when the clock fails.
    if (this.#cancelTimer === undefined) this.#wait(this.#milliseconds);
    queued.deadline = this.#clock.monotonic() + this.#milliseconds;
    queued.previous = this.#last;
    if (this.#last === undefined) this.#first = queued;
    else this.#last.next = queued;
    this.#last = queued;
  }

  #wait(milliseconds: number): void {
    this.#cancelTimer = this.#clock.schedule(milliseconds, () => this.#expire());
  }

  #expire(): void {
    this.#cancelTimer = undefined;
    const now = this.#clock.monotonic();
    while (this.#first !== undefined && this.#first.deadline <= now) {
      const { item } = this.#first;
      this.#remove(this.#first);
      this.#timeIsUp(item);
    }
    if (this.#first !== undefined && this.#cancelTimer === undefined) {
      this.#wait(this.#first.deadline - now);
    }
  }

  /** Takes an item out, whether or not it is in the queue. */
  #remove(queued: Queued<Item>): void {
    const { previous, next } = queued;
    queued.running = false;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === queued) this.#first = next;
    if (next !== undefined) next.previous = previous;
    else if (this.#last === queued) this.#last = previous;
    queued.previous = undefined;
    queued.next = undefined;
  }
}

const UNLIMITED: PendingTimeout = { running: false };

function pendingTimeoutOf<Item>(item: Item): Queued<Item> {
  return { item, running: true, deadline: 0, previous: undefined, next: undefined };
}
