import type { Steps } from "../../time/slices.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Ends a snapshot's lease in steps. To be called when its successor is in force, so that shared state
 * stays.
 */
export function retireInSteps({ lease }: Snapshot): Steps<void> {
  return lease.endInSteps();
}
