import type { Field } from "../../http/field.ts";
import type { Charged } from "../../pipeline/exchange.ts";
import type { Charge, ChargeState } from "./limit.ts";

/**
 * Decides on all charges of an exchange at one stage together. `LocalBuckets` does it in this process, at
 * once; a store that gateways share answers later, and decides them all in one step too.
 */
export interface Buckets {
  /**
   * Takes the tokens of all charges, or of none if one limit refuses. A limit with a `maxDelay` also gives
   * tokens that will be there by then, to as many as come, in their order. No bucket occurs twice in
   * `charges`, and there is at least one. Throws or rejects with a GatewayError if it cannot decide.
   */
  decide(charges: readonly Charge[]): Decision | Promise<Decision>;
}

/** What was decided on the charges of an exchange at one stage. */
export abstract class Decision implements Charged {
  /** Whether all limits admit the exchange, now or after the delay. */
  readonly admitted: boolean;
  /** One for each charge, in their order. The levels are those after the decision. */
  readonly states: readonly ChargeState[];
  /** The wait for tokens that it was promised; undefined if they were all there, or it was refused. */
  readonly delay: Delay | undefined;

  constructor(admitted: boolean, states: readonly ChargeState[], delay?: Delay) {
    this.admitted = admitted;
    this.states = states;
    this.delay = delay;
  }

  /**
   * Returns everything that was taken, raises the levels in `states` accordingly (`ChargeState.giveBack`),
   * and ends the delay: for an exchange that a later stage refuses or that ends while it waits. Called at
   * most once, and only if it was admitted.
   */
  abstract giveBack(): void;

  get policyItems(): string {
    let items = "";
    for (const { charge } of this.states) items = joined(items, charge.limit.policyItem);
    return items;
  }

  get policyField(): Field | undefined {
    return this.states.length === 1 ? this.states[0]?.charge.limit.policyField : undefined;
  }

  get items(): string {
    let items = "";
    for (const { item } of this.states) items = joined(items, item);
    return items;
  }
}

/** A wait for tokens that were promised. */
export interface Delay {
  /** Calls back once, when the exchange may go on; never after `giveBack`. */
  begin(whenOver: () => void): void;
}

/** Items of a list of structured fields, one after the other. */
export function joined(items: string, item: string): string {
  return items === "" ? item : `${items}, ${item}`;
}
