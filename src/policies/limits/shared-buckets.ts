import {
  hashedKey,
  limitsUnavailable,
  type SharedStore,
  StoreUnavailable,
} from "../../pipeline/shared-store.ts";
import type { Clock } from "../../time/clock.ts";
import { type Buckets, Decision, type Delay } from "./buckets.ts";
import { type Charge, ChargeState, type Limit } from "./limit.ts";
import { GIVE_BACK, TAKE } from "./shared-scripts.ts";

/** Parts that a bucket may owe. With its capacity they are still exact in a script's numbers. */
const MOST_DEBT = 2 ** 52;

/** Decides by buckets in a store that gateways share: all charges in one script, on the store's clock. */
export class SharedBuckets implements Buckets {
  readonly #store: SharedStore;
  readonly #clock: Clock;
  /** For the time without the store. */
  readonly #local: Buckets;
  readonly #terms = new WeakMap<Limit, Terms>();

  constructor(store: SharedStore, clock: Clock, local: Buckets) {
    this.#store = store;
    this.#clock = clock;
    this.#local = local;
  }

  async decide(charges: readonly Charge[]): Promise<Decision> {
    const keys: string[] = [];
    const parameters: string[] = [];
    for (const charge of charges) {
      const terms = this.#termsOf(charge.limit);
      keys.push(terms.keyOf(charge.key));
      parameters.push(...terms.parameters);
    }
    try {
      const [admitted, ...levels] = (await this.#store.run(TAKE, keys, parameters)) as number[];
      return this.#decision(charges, keys, admitted === 1, levels);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return this.#withoutStore(charges);
    }
  }

  #decision(
    charges: readonly Charge[],
    keys: readonly string[],
    admitted: boolean,
    levels: readonly number[],
  ): Decision {
    const states = charges.map((charge, at) => {
      const level = levels[at] ?? 0;
      const { debt, cost } = this.#termsOf(charge.limit);
      return new ChargeState(charge, admitted || level - cost >= -debt, level);
    });
    const wait = admitted ? millisecondsToWait(states) : 0;
    const delay = wait > 0 ? new Wait(this.#clock, wait) : undefined;
    return new SharedDecision(admitted, states, delay, () => this.#giveBack(charges, keys));
  }

  /** Nobody waits for it: without an answer, the buckets fill by themselves. */
  #giveBack(charges: readonly Charge[], keys: readonly string[]): void {
    const parameters = charges.flatMap(({ limit }) => [
      limit.size.capacity,
      this.#termsOf(limit).cost,
    ]);
    this.#store.run(GIVE_BACK, keys, parameters).catch(() => {});
  }

  #withoutStore(charges: readonly Charge[]): Decision | Promise<Decision> {
    const { onError } = this.#store;
    if (onError === "deny") throw limitsUnavailable("rate limits cannot be checked");
    return onError === "local"
      ? this.#local.decide(charges)
      : new SharedDecision(true, charges.map(asIfNew), undefined, () => {});
  }

  #termsOf(limit: Limit): Terms {
    let terms = this.#terms.get(limit);
    if (terms === undefined) {
      terms = new Terms(limit);
      this.#terms.set(limit, terms);
    }
    return terms;
  }
}

/** A limit, as scripts take it. All amounts are in parts; see `BucketSize`. */
class Terms {
  readonly cost: number;
  readonly debt: number;
  readonly parameters: readonly string[];
  readonly #id: string;
  /** Of the limit that counts all requests together. */
  readonly #keyOfAll: string;

  constructor({ id, size, cost, maxDelay }: Limit) {
    this.cost = cost * size.partsPerToken;
    this.debt = Math.min(MOST_DEBT, Math.floor(maxDelay * 1000) * size.partsPerMicrosecond);
    const { capacity, partsPerMicrosecond } = size;
    this.parameters = [capacity, partsPerMicrosecond, this.cost, this.debt].map(String);
    this.#id = id;
    this.#keyOfAll = keyIn(id, "");
  }

  keyOf(key: string): string {
    return key === "" ? this.#keyOfAll : keyIn(this.#id, key);
  }
}

function keyIn(id: string, key: string): string {
  return hashedKey("rate", `${id} ${key}`);
}

class SharedDecision extends Decision {
  readonly #giveBack: () => void;

  constructor(
    admitted: boolean,
    states: readonly ChargeState[],
    delay: Wait | undefined,
    giveBack: () => void,
  ) {
    super(admitted, states, delay);
    this.#giveBack = giveBack;
  }

  giveBack(): void {
    for (const state of this.states) state.giveBack();
    (this.delay as Wait | undefined)?.end();
    this.#giveBack();
  }
}

/**
 * A wait for tokens that the store has promised. Unlike one for this gateway's own, it does not become
 * shorter when others give theirs back.
 */
class Wait implements Delay {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #cancel: () => void = () => {};

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  begin(whenOver: () => void): void {
    this.#cancel = this.#clock.schedule(this.#milliseconds, whenOver);
  }

  end(): void {
    this.#cancel();
  }
}

/** Until all buckets hold what they have given. */
function millisecondsToWait(states: readonly ChargeState[]): number {
  let longest = 0;
  for (const { charge, level } of states) {
    if (level < 0) longest = Math.max(longest, charge.limit.size.microsecondsUntil(0, level));
  }
  return Math.ceil(longest / 1000);
}

/** The first charge of a bucket. */
function asIfNew(charge: Charge): ChargeState {
  const { size, cost } = charge.limit;
  return new ChargeState(charge, true, size.capacity - cost * size.partsPerToken);
}
