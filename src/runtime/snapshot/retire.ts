import type { Steps } from "../../time/slices.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Gives up, in steps, what a snapshot holds of that which outlives it. To be done when its successor
 * is in force, so that what both use stays as it is.
 */
export function retireInSteps({ lease }: Snapshot): Steps<void> {
  return lease.endInSteps();
}
