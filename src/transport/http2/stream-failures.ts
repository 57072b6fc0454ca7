import { type ErrorCode, GatewayError } from "../../pipeline/errors.ts";
import { ErrorCode as Http2ErrorCode, nameOfErrorCode } from "../../wire/http2/error-code.ts";
import type { StreamFailure } from "../../wire/http2/stream-owner.ts";
import { AttemptError, type Reached } from "../attempt-error.ts";

/** Why an attempt got no answer. */
export function neverAnswered(failure: StreamFailure, reached: Reached): AttemptError {
  const { by, code, message } = failure;
  if (code === Http2ErrorCode.http11Required) {
    const detail = "the backend requires HTTP/1.1; set `protocol: http1`";
    return new AttemptError("backend_protocol_error", detail, reached);
  }
  const [errorCode, detail] = MEANINGS[by](nameOfErrorCode(code), message);
  return new AttemptError(errorCode, detail, reached);
}

/** The code and the detail for the name of an HTTP/2 error code and a message. */
type Meaning = (name: string, message: string) => [ErrorCode, string];

const MEANINGS: Readonly<Record<StreamFailure["by"], Meaning>> = {
  refused: (name) => [
    "backend_connection_closed",
    `the backend took no further requests on this connection (${name})`,
  ],
  peer: (name) => ["backend_connection_closed", `the backend broke the request off (${name})`],
  invalid: (_, message) => [
    "backend_protocol_error",
    `the backend's answer is not valid HTTP: ${message}`,
  ],
  connection: () => [
    "backend_connection_closed",
    "the backend closed the connection without an answer",
  ],
};

/** Why the content of an answer broke off. */
export function brokenOff({ by, code, message }: StreamFailure): GatewayError {
  if (by === "invalid") {
    return new GatewayError(
      "backend_protocol_error",
      `the backend's answer is not valid HTTP: ${message}`,
    );
  }
  const how = by === "peer" ? ` (${nameOfErrorCode(code)})` : "";
  return new GatewayError("backend_answer_incomplete", `the backend broke off its answer${how}`);
}
