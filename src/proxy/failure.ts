import { errorKinds, GatewayError } from "../pipeline/errors.ts";
import { AttemptError, type Reached } from "../transport/attempt-error.ts";
import type { Failure } from "../upstream/outcome.ts";

/** A failure for which an attempt's backend is responsible. */
export interface BackendFailure {
  readonly kind: Failure;
  readonly reached: Reached;
}

/** How an attempt failed at its backend; undefined if that is not to blame. */
export function backendFailure(error: unknown): BackendFailure | undefined {
  if (!(error instanceof GatewayError)) return undefined;
  const { code } = error;
  if (errorKinds[code].source !== "backend") return undefined;
  const reached = error instanceof AttemptError ? error.reached : "maybe";
  if (reached === "nothing") return { kind: "connect", reached };
  const isLate = code === "backend_timeout" || code === "backend_stalled";
  return { kind: isLate ? "timeout" : "reset", reached };
}
