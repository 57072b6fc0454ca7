import type { Clock } from "./clock.ts";

/** One item's time under a limit. */
export interface Countdown {
  /** False once the time is up or `end` was called. */
  running: boolean;
}

interface Entry<Item> extends Countdown {
  readonly item: Item;
  deadline: number;
  previous: Entry<Item> | undefined;
  next: Entry<Item> | undefined;
}

/**
 * One time limit for many items. All have the same time, so it is up in the order in which they began:
 * a queue with one timer is cheaper than a timer for each.
 */
export class TimeLimit<Item> {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  readonly #timeIsUp: (item: Item) => void;
  #first: Entry<Item> | undefined;
  #last: Entry<Item> | undefined;
  #cancelTimer: (() => void) | undefined;

  /** 0 milliseconds is no limit. */
  constructor(clock: Clock, milliseconds: number, timeIsUp: (item: Item) => void) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
    this.#timeIsUp = timeIsUp;
  }

  /** Begins the time of an item. `end` takes the countdown. */
  begin(item: Item): Countdown {
    if (this.#milliseconds === 0) return UNLIMITED;
    const entry = countdownOf(item);
    this.#start(entry);
    return entry;
  }

  /** Begins the time of an item when a promise is fulfilled. */
  beginAfter(promise: Promise<void>, item: Item): Countdown {
    const entry = countdownOf(item);
    void promise.then(() => {
      if (entry.running) this.#start(entry);
    });
    return entry;
  }

  /** Ends a countdown before its time is up. */
  end(countdown: Countdown): void {
    if (!countdown.running) return;
    // Only `begin` and `beginAfter` make countdowns, and what they make are entries.
    this.#remove(countdown as Entry<Item>);
    if (this.#first !== undefined) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #start(entry: Entry<Item>): void {
    if (this.#milliseconds === 0) return;
    // First, so that nothing is left in the queue when the clock fails.
    if (this.#cancelTimer === undefined) this.#wait(this.#milliseconds);
    entry.deadline = this.#clock.monotonic() + this.#milliseconds;
    entry.previous = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
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

  /** Takes an entry out, whether or not it is in the queue. */
  #remove(entry: Entry<Item>): void {
    const { previous, next } = entry;
    entry.running = false;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === entry) this.#first = next;
    if (next !== undefined) next.previous = previous;
    else if (this.#last === entry) this.#last = previous;
    entry.previous = undefined;
    entry.next = undefined;
  }
}

const UNLIMITED: Countdown = { running: false };

function countdownOf<Item>(item: Item): Entry<Item> {
  return { item, running: true, deadline: 0, previous: undefined, next: undefined };
}
