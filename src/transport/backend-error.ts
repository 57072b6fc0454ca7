import type { ErrorCode } from "../pipeline/errors.ts";
import { AttemptError, type Reached } from "./attempt-error.ts";

type Meaning = readonly [ErrorCode, string];

const MEANINGS = new Map<string, Meaning>(
  Object.entries({
    ECONNREFUSED: ["backend_unreachable", "the backend refuses connections"],
    ENETUNREACH: ["backend_unreachable", "the backend's network is unreachable"],
    EHOSTUNREACH: ["backend_unreachable", "the backend's network is unreachable"],
    ENOENT: ["backend_unreachable", "the backend's Unix socket does not exist"],
    EACCES: ["backend_unreachable", "the gateway may not open the backend's Unix socket"],
    ETIMEDOUT: ["backend_connect_timeout", "the backend does not answer connection attempts"],
    ENOTFOUND: ["backend_name_not_resolved", "the backend's name does not resolve"],
    ECONNRESET: [
      "backend_connection_closed",
      "the backend closed the connection without an answer",
    ],
    EPIPE: ["backend_connection_closed", "the backend closed the connection"],
    ERR_TLS_CERT_ALTNAME_INVALID: [
      "backend_tls_failed",
      "the backend's certificate is not valid for its host",
    ],
    CERT_HAS_EXPIRED: ["backend_tls_failed", "the backend's certificate has expired"],
    EPROTO: ["backend_tls_failed", "the TLS handshake with the backend failed"],
  }),
);

/**
 * The meaning of a network error. Its own message stays internal, as the cause; the detail is for the
 * client.
 */
export function backendError(error: unknown, reached: Reached): AttemptError {
  const known = errorCode(error);
  // The system reports both by the same code.
  const isLost = known === "ETIMEDOUT" && reached !== "nothing";
  const [code, detail] = isLost ? LOST : meaningOf(known);
  return new AttemptError(code, detail, reached, error);
}

function meaningOf(code: string): Meaning {
  const known = MEANINGS.get(code);
  if (known !== undefined) return known;
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code) ? NOT_TRUSTED : UNREACHABLE;
}

const LOST: Meaning = [
  "backend_connection_closed",
  "the backend no longer responds on its connection",
];
const NOT_TRUSTED: Meaning = ["backend_tls_failed", "the backend's certificate is not trusted"];
const UNREACHABLE: Meaning = ["backend_unreachable", "the backend could not be reached"];

function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
