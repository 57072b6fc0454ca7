import type { Charge, ChargeState } from "./limit.ts";

/**
 * Decides on all charges of an exchange at one stage together. `LocalBuckets` does it in this process, at
 * once; a store that gateways share answers later, and decides them all in one step too.
 */
export interface Buckets {
  /**
   * Takes the tokens of all charges, or of none if one limit refuses. No bucket occurs twice in `charges`,
   * and there is at least one. Throws or rejects with a GatewayError if it cannot decide.
   */
  decide(charges: readonly Charge[]): Decision | Promise<Decision>;
}

/** What was decided on the charges of an exchange at one stage. */
export interface Decision {
  /** Whether all limits admit the exchange, and have given their tokens. */
  readonly admitted: boolean;
  /** One for each charge, in their order. The levels are those after the decision. */
  readonly states: readonly ChargeState[];
  /** The wait for tokens that it has been promised; undefined if they were all there. */
  readonly delay: Delay | undefined;
  /**
   * Returns everything that was taken, raises the levels in `states` accordingly, and ends the delay: for
   * an exchange that another stage refuses or that ends while it waits. Called at most once, and only if
   * it was admitted.
   */
  giveBack(): void;
}

/** A wait for tokens that have been promised. */
export interface Delay {
  /** Calls back once, when the exchange may go on; never after `giveBack`. */
  begin(whenOver: () => void): void;
}
