import { httpStatusOf, readGrpcStatus } from "../http/grpc.ts";
import { errorKinds, GatewayError } from "../pipeline/errors.ts";
import type { Attempt } from "../transport/attempt.ts";
import { AttemptError, type Reached } from "../transport/attempt-error.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import type { Failure, Outcome } from "../upstream/outcome.ts";

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

/**
 * The same for an exchange whose time was up: a backend that has had half of it and more, and all of the
 * content, is as late as one that has missed its own timeout. `timeout` is of the exchange.
 */
export function lateness(
  error: unknown,
  { request, startedAt, endedAt }: Attempt,
  timeout: number,
): BackendFailure | undefined {
  if (!(error instanceof GatewayError) || error.code !== "exchange_timeout") return undefined;
  const isToBlame = request.bodySent === undefined && endedAt - startedAt >= timeout / 2;
  return isToBlame ? { kind: "timeout", reached: "maybe" } : undefined;
}

/**
 * How an answer speaks for its backend: by its status or, of a call by gRPC that has failed without a
 * message, by what the status of that means.
 */
export function answered({ status, fields }: BackendAnswer, milliseconds: number): Outcome {
  const ofCall = status === 200 ? readGrpcStatus(fields.get("grpc-status")) : undefined;
  return ofCall === undefined || ofCall === 0
    ? { failure: undefined, status, milliseconds, detail: "" }
    : {
        failure: undefined,
        status: httpStatusOf(ofCall),
        milliseconds,
        detail: `answered with gRPC status ${ofCall}`,
      };
}
