import type { Clock } from "../../time/clock.ts";
import { type Buckets, Decision, type Delay } from "./buckets.ts";
import { type Charge, ChargeState } from "./limit.ts";
import type { TokenBucket } from "./token-bucket.ts";
import type { Ticket } from "./token-queue.ts";

/** Decides at once, by the buckets in this process. */
export class LocalBuckets implements Buckets {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  decide(charges: readonly Charge[]): Decision {
    const now = this.#clock.monotonic();
    const states: LocalState[] = [];
    let admitted = true;
    for (const charge of charges) {
      const state = new LocalState(charge, charge.limit.local.bucketFor(charge.key, now));
      if (!state.fits) admitted = false;
      states.push(state);
    }
    if (!admitted) return new LocalDecision(false, states);
    let waiting: LocalState[] | undefined;
    for (const state of states) {
      state.take(this.#clock);
      if (state.ticket !== undefined) (waiting ??= []).push(state);
    }
    return new LocalDecision(true, states, waiting && new Waiting(waiting));
  }
}

/** What a charge found in a bucket of this process. */
class LocalState extends ChargeState {
  /** Undefined if its tokens were there. */
  ticket: Ticket | undefined = undefined;
  readonly #bucket: TokenBucket;

  constructor(charge: Charge, bucket: TokenBucket) {
    const { cost, maxDelay } = charge.limit;
    const fits =
      bucket.has(cost) ||
      (maxDelay > 0 && bucket.size.microsecondsUntil(cost, bucket.level) <= maxDelay * 1000);
    super(charge, fits, bucket.level);
    this.#bucket = bucket;
  }

  take(clock: Clock): void {
    const { cost, local } = this.charge.limit;
    const isThere = this.#bucket.has(cost);
    this.#bucket.remove(cost);
    this.level = this.#bucket.level;
    if (!isThere) this.ticket = local.queueOf(this.#bucket, clock).join(cost);
  }

  override giveBack(): void {
    super.giveBack();
    const { cost, local } = this.charge.limit;
    local.giveBack(this.#bucket, cost, this.ticket);
  }
}

class LocalDecision extends Decision {
  giveBack(): void {
    for (const state of this.states) state.giveBack();
  }
}

/** A wait for tokens of one or several buckets. */
class Waiting implements Delay {
  readonly #states: readonly LocalState[];
  #left: number;

  constructor(states: readonly LocalState[]) {
    this.#states = states;
    this.#left = states.length;
  }

  begin(whenOver: () => void): void {
    for (const { ticket } of this.#states) {
      if (ticket === undefined) continue;
      ticket.whenServed = () => {
        this.#left -= 1;
        if (this.#left === 0) whenOver();
      };
    }
  }
}
