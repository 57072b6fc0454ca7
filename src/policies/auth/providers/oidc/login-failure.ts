import { GatewayError } from "../../../../pipeline/errors.ts";
import { INVALID_GRANT } from "./issuer.ts";
import { issuerError } from "./issuer-error.ts";
import type { RareLog } from "../../../rare-log.ts";

const RETRY_AFTER_S = "5";
/** RFC 6749 section 4.1.2.1: that the issuer cannot, for now. */
const LATER = new Set(["server_error", "temporarily_unavailable"]);

/**
 * What a person is told when a login fails. Of what a browser or the issuer sent, only an error code is
 * repeated.
 */
export function loginFailure(
  error: unknown,
  log?: RareLog,
  fields: Readonly<Record<string, string>> = {},
): GatewayError {
  const { reason, code, message } = issuerError(error);
  const later = { fields: { ...fields, "retry-after": RETRY_AFTER_S } };
  const now = { fields };
  if (reason === "forged") {
    return new GatewayError("login_failed", "this answer is not from the login's issuer", now);
  }
  if (reason === "denied" && code === "access_denied") {
    return new GatewayError("forbidden", "the issuer refused the login: access_denied", now);
  }
  if (reason === "refused" && code === INVALID_GRANT) {
    const detail =
      "the issuer does not accept this login any more; go back to the page that you wanted to see";
    return new GatewayError("login_failed", detail, now);
  }
  log?.add(reason, `a login failed at the issuer: ${message}`);
  if (reason === "unreachable" || LATER.has(code)) {
    const detail = "the issuer of logins does not answer at the moment; try again later";
    return new GatewayError("auth_unavailable", detail, later);
  }
  if (reason === "invalid") {
    return new GatewayError("auth_unavailable", "the issuer's answer cannot be trusted", later);
  }
  return new GatewayError("login_failed", `the issuer refused the login: ${code}`, now);
}
