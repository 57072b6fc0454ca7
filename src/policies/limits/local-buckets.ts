import type { Clock } from "../../time/clock.ts";
import type { Buckets, Decision, Delay } from "./buckets.ts";
import { type Charge, ChargeState } from "./limit.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Decides at once, by the buckets in this process. */
export class LocalBuckets implements Buckets {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  decide(charges: readonly Charge[]): Decision {
    const now = this.#clock.monotonic();
    const [only] = charges;
    if (charges.length === 1 && only !== undefined) {
      const bucket = only.limit.local.bucketFor(only.key, now);
      return new LocalDecision(charges, [bucket]);
    }
    return new LocalDecision(
      charges,
      charges.map(({ limit, key }) => limit.local.bucketFor(key, now)),
    );
  }
}

class LocalDecision implements Decision {
  readonly admitted: boolean;
  readonly states: readonly ChargeState[];
  readonly delay: Delay | undefined = undefined;
  readonly #buckets: readonly TokenBucket[];

  constructor(charges: readonly Charge[], buckets: readonly TokenBucket[]) {
    this.#buckets = buckets;
    let admitted = true;
    for (const [at, bucket] of buckets.entries()) {
      if (!bucket.has(charges[at]?.limit.cost ?? 0)) admitted = false;
    }
    this.admitted = admitted;
    this.states = charges.map((charge, at) => {
      const bucket = buckets[at];
      const fits = bucket?.has(charge.limit.cost) === true;
      if (admitted) bucket?.remove(charge.limit.cost);
      return new ChargeState(charge, fits, bucket?.level ?? 0);
    });
  }

  giveBack(): void {
    for (const [at, state] of this.states.entries()) {
      const { cost, size } = state.charge.limit;
      this.#buckets[at]?.giveBack(cost);
      state.level = Math.min(size.capacity, state.level + cost * size.partsPerToken);
    }
  }
}
