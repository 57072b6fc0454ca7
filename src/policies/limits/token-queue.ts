import type { Clock } from "../../time/clock.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** A place in a queue for tokens. */
export interface Ticket {
  readonly tokens: number;
  /** Called when the tokens are there. */
  whenServed: (() => void) | undefined;
}

/**
 * Those who wait for tokens of one bucket, which has promised them: its level is already without them. They
 * are served in their order, each as soon as the bucket has gained its tokens. When one leaves, those
 * after it move up.
 */
export class TokenQueue {
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;
  readonly #whenEmpty: () => void;
  readonly #tickets = new Set<Ticket>();
  /** The tokens of all who wait. */
  #promised = 0;
  #cancelTimer: (() => void) | undefined;

  /** `whenEmpty` is called when nobody waits any more. */
  constructor(bucket: TokenBucket, clock: Clock, whenEmpty: () => void) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#whenEmpty = whenEmpty;
  }

  /** Waits for tokens that have just been removed from the bucket. */
  join(tokens: number): Ticket {
    const ticket: Ticket = { tokens, whenServed: undefined };
    this.#tickets.add(ticket);
    this.#promised += tokens;
    if (this.#tickets.size === 1) this.#waitForFirst();
    return ticket;
  }

  /** Gives a place up; the bucket gets its tokens back. False if it had been served. */
  leave(ticket: Ticket): boolean {
    if (!this.#remove(ticket)) return false;
    this.#bucket.giveBack(ticket.tokens);
    this.update();
    return true;
  }

  /** To be called when the bucket got tokens by something other than time. */
  update(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#serve();
  }

  #serve(): void {
    this.#bucket.fill(this.#clock.monotonic());
    for (const ticket of this.#tickets) {
      if (this.#microsecondsUntilServed(ticket) > 0) break;
      this.#remove(ticket);
      ticket.whenServed?.();
    }
    this.#waitForFirst();
  }

  #waitForFirst(): void {
    const [first] = this.#tickets;
    if (first === undefined) {
      this.#whenEmpty();
      return;
    }
    if (this.#cancelTimer !== undefined) return;
    // Timers of less than a millisecond would come too early.
    const delay = Math.ceil(this.#microsecondsUntilServed(first) / 1000);
    this.#cancelTimer = this.#clock.schedule(delay, () => {
      this.#cancelTimer = undefined;
      this.#serve();
    });
  }

  /** For the first one: until there is what only those after it still lack. */
  #microsecondsUntilServed(first: Ticket): number {
    const { size, level } = this.#bucket;
    return size.microsecondsUntil(first.tokens - this.#promised, level);
  }

  #remove(ticket: Ticket): boolean {
    if (!this.#tickets.delete(ticket)) return false;
    this.#promised -= ticket.tokens;
    return true;
  }
}
