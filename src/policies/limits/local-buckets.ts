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
    const [only] = charges;
    if (only !== undefined && charges.length === 1) return decideOne(only, now, this.#clock);
    const states = charges.map((charge) => new LocalState(charge, now));
    if (!states.every(({ fits }) => fits)) return new LocalDecision(false, states);
    let waiting: LocalState[] | undefined;
    for (const state of states) {
      state.take(this.#clock);
      if (state.ticket !== undefined) (waiting ??= []).push(state);
    }
    return new LocalDecision(true, states, waiting && new Waiting(waiting));
  }
}

/** The usual case, for which lists and loops would cost half as much again. */
function decideOne(charge: Charge, now: number, clock: Clock): Decision {
  const state = new LocalState(charge, now);
  if (!state.fits) return new LocalDecision(false, [state]);
  state.take(clock);
  const delay = state.ticket === undefined ? undefined : new Waiting([state]);
  return new LocalDecision(true, [state], delay);
}

/** What a charge found in a bucket of this process. */
class LocalState extends ChargeState {
  /** Undefined if its tokens were there. */
  ticket: Ticket | undefined = undefined;
  readonly #bucket: TokenBucket;
  readonly #mustWait: boolean;

  /** `now` is monotonic, in milliseconds. */
  constructor(charge: Charge, now: number) {
    const { cost, maxDelay, local } = charge.limit;
    const bucket = local.bucketFor(charge.key, now);
    const isThere = bucket.has(cost);
    const comesInTime =
      !isThere &&
      maxDelay > 0 &&
      bucket.size.microsecondsUntil(cost, bucket.level) <= maxDelay * 1000;
    super(charge, isThere || comesInTime, bucket.level);
    this.#bucket = bucket;
    this.#mustWait = comesInTime;
  }

  take(clock: Clock): void {
    const { cost, local } = this.charge.limit;
    this.#bucket.remove(cost);
    this.level = this.#bucket.level;
    if (this.#mustWait) this.ticket = local.queueOf(this.#bucket, clock).join(cost);
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
