import type { Clock } from "./clock.ts";
import type { Defer } from "./end-of-turn.ts";

/** Work that pauses wherever it yields. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** How work in steps shares its thread. */
export interface Slicing {
  readonly clock: Clock;
  /** Calls back after the event loop has handled other pending work. */
  readonly defer: Defer;
  /** Milliseconds after which work pauses at its next step. */
  readonly slice: number;
}

/** Does the work at once. */
export function runThrough<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Does the work in slices, with the event loop's other work between them. Rejects if it throws. */
export async function runInSlices<Result>(
  steps: Steps<Result>,
  { clock, defer, slice }: Slicing,
): Promise<Result> {
  let end = clock.monotonic() + slice;
  let step = steps.next();
  while (step.done !== true) {
    if (clock.monotonic() >= end) {
      await new Promise<void>(defer);
      end = clock.monotonic() + slice;
    }
    step = steps.next();
  }
  return step.value;
}
