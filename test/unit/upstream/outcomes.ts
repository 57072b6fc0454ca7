import type { Failure, Outcome } from "../../../src/upstream/outcome.ts";

export function failed(failure: Failure): Outcome {
  return { failure, status: 0, milliseconds: 5, detail: `${failure} of a test` };
}

export function answered(status: number): Outcome {
  return { failure: undefined, status, milliseconds: 5, detail: "" };
}
