import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";

/**
 * How far a request came:
 * - `nothing`: no byte of it was sent, so any other backend may have it, whatever its method.
 * - `reused`: it was written to a connection that had carried others, which closed before a byte of
 *   the answer. It almost certainly was closing already, but only an idempotent request may be sent
 *   again (RFC 9110 section 9.2.2).
 * - `maybe`: the backend may have acted on it.
 */
export type Reached = "nothing" | "reused" | "maybe";

/** Why an attempt failed at its backend, and how far the request came. */
export class AttemptError extends GatewayError {
  readonly reached: Reached;

  constructor(code: ErrorCode, detail: string, reached: Reached, cause?: unknown) {
    super(code, detail, { cause });
    this.reached = reached;
  }
}

/** The backend has broken the rules of HTTP, so its answer counts for nothing. */
export function notValidHttp(problem: string, cause?: unknown): AttemptError {
  const detail = `the backend's answer is not valid HTTP: ${problem}`;
  return new AttemptError("backend_protocol_error", detail, "maybe", cause);
}
