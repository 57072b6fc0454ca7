import { FieldName } from "../../http/field.ts";
import type { Answer } from "../../pipeline/answer.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { PolicyServices } from "../../pipeline/policy.ts";
import { type Buckets, type Decision, type Delay, joined } from "./buckets.ts";
import { type Charge, POLICY } from "./limit.ts";
import { LocalBuckets } from "./local-buckets.ts";
import { SharedBuckets } from "./shared-buckets.ts";

/** How many requests may wait for tokens at a time, on all routes together. */
const WAITING_AT_MOST = 10_000;

interface Waiting {
  count: number;
}

/** Charges exchanges for what they take from limits, and refuses those that get too little. */
export class Charging {
  readonly #buckets: Buckets;
  readonly #waiting: Waiting;

  constructor({ clock, share, store }: Pick<PolicyServices, "clock" | "share" | "store">) {
    const local = new LocalBuckets(clock);
    this.#buckets = store === undefined ? local : new SharedBuckets(store, clock, local);
    this.#waiting = share("waiting", () => ({ count: 0 }));
  }

  /**
   * Takes what all charges ask for, and notes it on the exchange, for the answer's fields. Throws
   * `rate_limited` if one limit refuses; then the exchange has taken nothing, from limits that it passed
   * before either. A promise if it has to wait, for the tokens or for those who decide.
   */
  charge(exchange: Exchange, charges: readonly Charge[]): undefined | Promise<undefined> {
    const decision = this.#buckets.decide(charges);
    return decision instanceof Promise
      ? this.#settleLater(exchange, decision)
      : this.#settle(exchange, decision);
  }

  async #settleLater(exchange: Exchange, pending: Promise<Decision>): Promise<undefined> {
    return this.#settle(exchange, await pending);
  }

  #settle(exchange: Exchange, decision: Decision): undefined | Promise<undefined> {
    const { delay, admitted } = decision;
    if (admitted && delay === undefined) {
      note(exchange, decision);
      return undefined;
    }
    if (delay === undefined) return refuse(exchange, decision);
    if (this.#waiting.count < WAITING_AT_MOST) return this.#wait(exchange, decision, delay);
    decision.giveBack();
    return refuse(exchange, decision);
  }

  async #wait(exchange: Exchange, decision: Decision, delay: Delay): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<GatewayError | undefined>();
    const { cancellation } = exchange;
    note(exchange, decision);
    this.#waiting.count += 1;
    cancellation.interrupts({ interrupt: resolve });
    delay.begin(() => resolve(undefined));
    const reason = cancellation.reason ?? (await promise);
    this.#waiting.count -= 1;
    if (reason === undefined) return;
    decision.giveBack();
    throw reason;
  }
}

function note(exchange: Exchange, decision: Decision): void {
  if (exchange.charged === undefined) exchange.charged = [decision];
  else exchange.charged.push(decision);
}

/** Undoes what the exchange has taken, and tells its client when to come back. */
function refuse(exchange: Exchange, decision: Decision): never {
  if (exchange.charged !== undefined) {
    for (const earlier of exchange.charged) earlier.giveBack();
  }
  note(exchange, decision);
  const refusing = decision.states.filter(({ fits }) => !fits);
  // A limit that admits, but has too many waiting, names its time too.
  const limits = refusing.length === 0 ? decision.states : refusing;
  const seconds = Math.max(...limits.map(({ secondsToFit }) => secondsToFit));
  throw new GatewayError("rate_limited", `too many requests; try again in ${seconds} s`, {
    fields: { "retry-after": `${seconds}` },
    // As draft-ietf-httpapi-ratelimit-headers calls them in problems.
    members: { "violated-policies": limits.map(({ charge }) => charge.limit.name) },
  });
}

/**
 * Sets RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers) to everything that the
 * exchange was charged, in place of the backend's own. For `response` of each policy that charges: what
 * has been done for an answer is not done again.
 */
export function reportCharges(exchange: Exchange, answer: Answer): void {
  const { charged } = exchange;
  if (charged === undefined || exchange.reportedIn === answer) return;
  exchange.reportedIn = answer;
  const [only] = charged;
  if (charged.length === 1 && only?.policyField !== undefined) {
    answer.fields.put(only.policyField);
    answer.fields.put(REMAINING.with(only.items));
    return;
  }
  let policies = "";
  let items = "";
  for (const stage of charged) {
    policies = joined(policies, stage.policyItems);
    items = joined(items, stage.items);
  }
  answer.fields.put(POLICY.with(policies));
  answer.fields.put(REMAINING.with(items));
}

const REMAINING = new FieldName("ratelimit");
