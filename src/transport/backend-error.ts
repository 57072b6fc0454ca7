import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";

const MEANINGS = new Map<string, readonly [ErrorCode, string]>(
  Object.entries({
    ECONNREFUSED: ["backend_unreachable", "the backend refuses connections"],
    ENETUNREACH: ["backend_unreachable", "no network leads to the backend"],
    EHOSTUNREACH: ["backend_unreachable", "no network leads to the backend"],
    ETIMEDOUT: ["backend_unreachable", "the backend does not answer connection attempts"],
    ENOTFOUND: ["backend_name_not_resolved", "the backend's name does not resolve"],
    ECONNRESET: [
      "backend_connection_closed",
      "the backend closed the connection without an answer",
    ],
    EPIPE: ["backend_connection_closed", "the backend closed the connection"],
    EPROTO: ["backend_tls_failed", "the TLS handshake with the backend failed"],
  }),
);

/** What an error of the network means. Its own message is for the log; the detail is for the client. */
export function backendError(error: unknown): GatewayError {
  const code = errorCode(error);
  const known = MEANINGS.get(code);
  if (known !== undefined) return new GatewayError(known[0], known[1], { cause: error });
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new GatewayError("backend_tls_failed", "the backend's certificate is not trusted", {
      cause: error,
    });
  }
  return new GatewayError("backend_unreachable", "the backend could not be reached", {
    cause: error,
  });
}

function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
