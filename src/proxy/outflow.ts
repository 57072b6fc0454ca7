import type { Clock } from "../time/clock.ts";

/** Maximum bytes queued for one end before the other is no longer read. */
export const HIGH_WATER = 1024 * 1024;
/** Fewer bytes than this are not worth watching. */
const LOW_WATER = 64 * 1024;
/** Milliseconds between two looks: while data moves, and at most. */
const LOOK_AGAIN_MS = 5;
const LOOK_AT_LEAST_MS = 100;
/** Milliseconds without progress after which a closing end is cut. */
const LINGER_MS = 5_000;
/** Milliseconds between two pings of an end that is not being read. */
const PING_MS = 1_000;

/** Bytes queued in all WebSockets together, and which one to cut when there are too many. */
export class WaitingBytes {
  readonly #limit: number;
  readonly #outflows = new Set<Outflow>();
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes queued now. */
  get total(): number {
    return this.#total;
  }

  /** Counts `bytes` more, or fewer, as queued. Cuts outflows if needed, the longest stuck first. */
  add(outflow: Outflow, bytes: number): void {
    this.#outflows.add(outflow);
    this.#total += bytes;
    while (this.#total > this.#limit) {
      const stuck = this.#longestStuck();
      if (stuck === undefined) return;
      stuck.giveUp(this.#limit);
    }
  }

  /** Stops counting an outflow with `bytes`. */
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
  /** The receiving end. */
  readonly to: {
    /** Bytes that it has not accepted yet. */
    buffered(): number;
    terminate(): void;
  };
  /** The sending end. */
  readonly from: {
    pause(): void;
    resume(): void;
    /**
     * Checks whether the end has disappeared, which is not noticed without reading; absent if not
     * needed.
     */
    ping?(): void;
  };
  /** Maximum bytes queued when `from` is read again. */
  readonly resumeAt: number;
  /** It was cut, because more than `limit` bytes are queued in all WebSockets together. */
  readonly onGivenUp: (limit: number) => void;
}

/**
 * The queue of one direction of a WebSocket's tunnel. The runtime does not report when there is room
 * again, so this polls.
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

  /** Something was sent. `isFull`: stop reading the source. */
  sent(isFull: boolean): void {
    const waiting = this.#options.to.buffered();
    if (isFull && !this.#isPaused) {
      this.#isPaused = true;
      this.#options.from.pause();
    }
    if (isFull || waiting > LOW_WATER) this.#watch(waiting);
  }

  /** Reads the source again, because there is room, or to notice its end. */
  readOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.from.resume();
  }

  /**
   * Closes the end as soon as it has accepted what is queued, or cuts it if it accepts nothing more.
   */
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

  /** Nothing more will be sent: stops polling, and counts nothing as queued. */
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
