import { reasonOf } from "../../../../http/fetch-reason.ts";
import {
  AuthorizationResponseError,
  OperationProcessingError,
  RESPONSE_IS_NOT_CONFORM,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";

/**
 * Why an issuer did not do what it was asked: it cannot be reached, or not now (`unreachable`); it
 * refuses the gateway (`refused`), or a person, by what the browser brought back (`denied`), both by an
 * error code of RFC 6749; its answer cannot be trusted (`invalid`); or what a browser brought back is
 * not its answer (`forged`).
 */
export class IssuerError extends Error {
  readonly reason: "unreachable" | "refused" | "denied" | "invalid" | "forged";
  /** An error code like "invalid_grant"; empty without one. */
  readonly code: string;

  constructor(reason: IssuerError["reason"], message: string, code = "") {
    super(message);
    this.name = "IssuerError";
    this.reason = reason;
    this.code = code;
  }
}

/**
 * What an error of the protocol library means. Its messages are texts of the library's own; what the
 * issuer sent is neither repeated nor kept as a cause, because there may be tokens in it.
 */
export function issuerError(error: unknown): IssuerError {
  if (error instanceof IssuerError) return error;
  if (error instanceof AuthorizationResponseError) {
    const code = knownForm(error.error);
    return new IssuerError("denied", `it answers ${code}`, code);
  }
  if (error instanceof ResponseBodyError) {
    const code = knownForm(error.error);
    return new IssuerError("refused", `it answers ${code}`, code);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    // RFC 6749 section 5.2: how a client is refused that authenticates by a field.
    const code = knownForm(error.cause[0]?.parameters.error ?? "invalid_client");
    return new IssuerError("refused", `it answers ${code}`, code);
  }
  if (error instanceof OperationProcessingError) {
    const status = error.cause instanceof Response ? error.cause.status : 200;
    if (error.code === RESPONSE_IS_NOT_CONFORM && (status >= 500 || status === 429)) {
      return new IssuerError("unreachable", `it answers with the status ${status}`);
    }
    return new IssuerError("invalid", `its answer is not valid: ${error.message}`);
  }
  if (error instanceof UnsupportedOperationError) {
    return new IssuerError("invalid", `its answer is not supported: ${error.message}`);
  }
  return new IssuerError("unreachable", reasonOf(error));
}

/** An error code as RFC 6749 section 5.2 allows it, as far as it is harmless wherever it is repeated. */
function knownForm(code: string): string {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(code) ? code : "an error";
}
