import { GatewayError } from "../../pipeline/errors.ts";
import { ErrorCode as Http2ErrorCode, nameOfErrorCode } from "../../wire/http2/error-code.ts";
import type { StreamFailure } from "../../wire/http2/stream-owner.ts";
import { AttemptError, notValidHttp, type Reached } from "../attempt-error.ts";

/** Why an attempt got no answer. */
export function neverAnswered(failure: StreamFailure, reached: Reached): AttemptError {
  const { by, code, message } = failure;
  if (code === Http2ErrorCode.http11Required) {
    const detail = "the backend requires HTTP/1.1; set `protocol: http1`";
    return new AttemptError("backend_protocol_error", detail, reached);
  }
  if (by === "invalid") return notValidHttp(message);
  return new AttemptError(
    "backend_connection_closed",
    MEANINGS[by](nameOfErrorCode(code)),
    reached,
  );
}

/** The details, for the name of an HTTP/2 error code. */
const MEANINGS: Readonly<
  Record<Exclude<StreamFailure["by"], "invalid">, (name: string) => string>
> = {
  refused: (name) => `the backend took no further requests on this connection (${name})`,
  peer: (name) => `the backend broke the request off (${name})`,
  connection: () => "the backend closed the connection without an answer",
};

/** Why the content of an answer broke off. */
export function brokenOff({ by, code, message }: StreamFailure): GatewayError {
  if (by === "invalid") return notValidHttp(message);
  const how = by === "peer" ? ` (${nameOfErrorCode(code)})` : "";
  return new GatewayError("backend_answer_incomplete", `the backend broke off its answer${how}`);
}
