import type { Clock } from "../time/clock.ts";

/** Bytes that may wait for one end before the other is read no further. */
export const HIGH_WATER = 1024 * 1024;
/** Fewer bytes than this are not worth watching. */
const LOW_WATER = 64 * 1024;
/** Milliseconds between two looks: while something moves, and at most. */
const LOOK_AGAIN_MS = 5;
const LOOK_AT_LEAST_MS = 100;
/** Milliseconds without progress after which a closing end is cut. */
const LINGER_MS = 5_000;
/** Milliseconds between two pings of an end that is not being read. */
const PING_MS = 1_000;

/** Bytes that wait in all WebSockets together, and whom to give up when they are too many. */
export class WaitingBytes {
  readonly #limit: number;
  readonly #outflows = new Set<Outflow>();
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that wait now. */
  get total(): number {
    return this.#total;
  }

  /** Notes that `bytes` more wait, or fewer. Gives up outflows, the longest stuck first. */
  add(outflow: Outflow, bytes: number): void {
    this.#outflows.add(outflow);
    this.#total += bytes;
    while (this.#total > this.#limit) {
      const stuck = this.#longestStuck();
      if (stuck === undefined) return;
      stuck.giveUp(this.#limit);
    }
  }

  /** An outflow with `bytes` is not to be counted any more. */
  remove(outflow: Outflow, bytes: number): void {
    if (this.#outflows.delete(outflow)) this.#total -= bytes;
  }

  #longestStuck(): Outflow | undefined {
    let found: Outflow | undefined;
    for (const outflow of this.#outflows) {
      if (found === undefined || outflow.isStuckLongerThan(found)) found = outflow;
    }
    return found;
  }
}

export interface OutflowOptions {
  readonly clock: Clock;
  readonly waiting: WaitingBytes;
  /** The end that takes what is sent. */
  readonly to: {
    /** Bytes that it has not taken yet. */
    buffered(): number;
    terminate(): void;
  };
  /** The end that what is sent comes from. */
  readonly from: {
    pause(): void;
    resume(): void;
    /** Makes it noticed that the end is gone, which nobody does who does not read; absent where not needed. */
    ping?(): void;
  };
  /** Bytes that wait at most when `from` is read again. */
  readonly resumeAt: number;
  /** It was cut, because more than `limit` bytes wait in all WebSockets together. */
  readonly onGivenUp: (limit: number) => void;
}

/**
 * One direction of a WebSocket's tunnel, as far as what is sent does not go out at once. The runtime
 * does not tell when there is room again, so this looks.
 */
export class Outflow {
  readonly #options: OutflowOptions;
  #waiting = 0;
  #progressAt = 0;
  #pingedAt = 0;
  #isPaused = false;
  #close: (() => void) | undefined;
  #delay = LOOK_AGAIN_MS;
  #cancelTimer: (() => void) | undefined;

  constructor(options: OutflowOptions) {
    this.#options = options;
  }

  /** Something was sent. `isFull`: the source is to be read no further. */
  sent(isFull: boolean): void {
    const waiting = this.#options.to.buffered();
    if (isFull && !this.#isPaused) {
      this.#isPaused = true;
      this.#options.from.pause();
    }
    if (isFull || waiting > LOW_WATER) this.#watch(waiting);
  }

  /** The source is to be read again, because there is room, or to notice its end. */
  readOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.from.resume();
  }

  /** Closes the end as soon as it has taken what waits, or cuts it when it takes nothing more. */
  closeSoon(close: () => void): void {
    const waiting = this.#options.to.buffered();
    if (waiting === 0) {
      this.stop();
      close();
      return;
    }
    this.#close = close;
    if (this.#cancelTimer === undefined) this.#watch(waiting);
    else this.#look();
  }

  /** Nothing more is to be sent: looks no further, and counts nothing as waiting. */
  stop(): void {
    this.readOn();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#options.waiting.remove(this, this.#waiting);
    this.#waiting = 0;
  }

  isStuckLongerThan(other: Outflow): boolean {
    if (this.#progressAt !== other.#progressAt) return this.#progressAt < other.#progressAt;
    return this.#waiting > other.#waiting;
  }

  giveUp(limit: number): void {
    this.stop();
    this.#options.onGivenUp(limit);
    this.#options.to.terminate();
  }

  #watch(waiting: number): void {
    const { clock } = this.#options;
    if (this.#cancelTimer === undefined) {
      const now = clock.monotonic();
      this.#progressAt = now;
      this.#pingedAt = now;
      this.#delay = LOOK_AGAIN_MS;
      this.#lookLater();
    }
    this.#count(waiting);
  }

  #count(waiting: number): void {
    const more = waiting - this.#waiting;
    this.#waiting = waiting;
    this.#options.waiting.add(this, more);
  }

  #lookLater(): void {
    this.#cancelTimer = this.#options.clock.schedule(this.#delay, () => this.#look());
  }

  #look(): void {
    const { clock, to, from, resumeAt } = this.#options;
    this.#cancelTimer?.();
    const now = clock.monotonic();
    const waiting = to.buffered();
    const hasMoved = waiting < this.#waiting;
    if (hasMoved) this.#progressAt = now;
    this.#delay = hasMoved ? LOOK_AGAIN_MS : Math.min(2 * this.#delay, LOOK_AT_LEAST_MS);
    if (waiting <= resumeAt) this.readOn();
    if (this.#close !== undefined) {
      const isStuck = now - this.#progressAt >= LINGER_MS;
      if (waiting === 0 || isStuck) {
        this.stop();
        if (waiting === 0) this.#close();
        else to.terminate();
        return;
      }
    } else if (waiting <= LOW_WATER && !this.#isPaused) {
      this.stop();
      return;
    }
    if (this.#isPaused && now - this.#pingedAt >= PING_MS) {
      this.#pingedAt = now;
      from.ping?.();
    }
    this.#lookLater();
    this.#count(waiting);
  }
}
