import { FieldName, fieldOf } from "../http/field.ts";
import type { FieldList } from "../http/field-list.ts";
import { listWith } from "../http/fields.ts";
import { isGrpc, readGrpcStatus } from "../http/grpc.ts";
import { Answer } from "../pipeline/answer.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import { type ContentReader, WatchedContent } from "../pipeline/content.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { IncomingContent } from "../pipeline/incoming-content.ts";
import { VIA } from "../pipeline/outgoing-fields.ts";
import type { Clock } from "../time/clock.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import { backendError } from "../transport/backend-error.ts";
import { GrpcContent } from "./grpc-content.ts";
import type { ForwardSettings } from "./settings.ts";

/** A backend's answer, and the settings for relaying it. */
export interface Relay {
  readonly backendAnswer: BackendAnswer;
  readonly settings: ForwardSettings;
  readonly clock: Clock;
}

/**
 * Turns a backend's answer into the client's: Via and the request's id are added. Content that has
 * arrived whole is sent whole; all other content passes as it arrives.
 */
export function prepareAnswer(exchange: Exchange, relay: Relay): Answer {
  const { backendAnswer } = relay;
  const { status, fields, content } = backendAnswer;
  if (status < 200 || status > 599) {
    const error = new GatewayError(
      "backend_protocol_error",
      `the backend answered with status ${status}`,
    );
    exchange.cancellation.cancel(error);
    throw error;
  }
  markAnswer(exchange, fields);
  // Only HTTP/2 carries gRPC.
  const isGrpcAnswer = exchange.request.protocol === "HTTP/2" && isGrpc(fields.get("content-type"));
  if (content === undefined) {
    if (isGrpcAnswer) exchange.grpcStatus = readGrpcStatus(fields.get("grpc-status"));
    return new Answer(null, backendAnswer);
  }
  // Nothing has been sent yet, so the client can still get a problem.
  if (content.failure !== undefined) throw brokenOff(exchange.cancellation, content.failure);
  const isPlain = content.length !== undefined && content.trailers === undefined;
  const whole = isPlain ? content.takeWhole() : undefined;
  if (whole !== undefined) return new Answer(whole, backendAnswer);
  const passing = passOn(exchange, content, relay);
  return new Answer(isGrpcAnswer ? new GrpcContent(passing, exchange) : passing, backendAnswer);
}

/** Adds the gateway's own fields to those of a backend. */
export function markAnswer({ requestId }: Exchange, fields: FieldList): void {
  const via = fields.get("via");
  fields.put(via === null ? OWN_VIA : fieldOf("Via", listWith(via, VIA)));
  fields.put(REQUEST_ID.with(requestId));
}

const OWN_VIA = fieldOf("Via", VIA);
const REQUEST_ID = new FieldName("X-Request-ID");

function passOn(
  { cancellation }: Exchange,
  content: IncomingContent,
  { settings, clock }: Relay,
): ContentReader {
  const { length } = content;
  let passed = 0;
  return new WatchedContent(
    content,
    {
      onPiece(bytes) {
        passed += bytes;
      },
      onEnd() {
        if (length !== undefined && passed !== length) throw incomplete(length, passed);
      },
      onError: (error) => brokenOff(cancellation, error),
      onIdle(waitingFor) {
        cancellation.cancel(waitingFor === "source" ? stalled(settings) : notRead(settings));
      },
    },
    { idleTimeout: settings.timeouts.idle, clock },
  );
}

function brokenOff(cancellation: Cancellation, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (cancellation.reason !== undefined) return cancellation.reason;
  const known = backendError(error, "maybe");
  return known.code === "backend_connection_closed"
    ? new GatewayError("backend_answer_incomplete", "the backend broke off its answer", {
        cause: error,
      })
    : known;
}

function incomplete(promised: number, sent: number): GatewayError {
  return new GatewayError(
    "backend_answer_incomplete",
    `the backend promised ${promised} bytes and sent ${sent}`,
  );
}

function stalled({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "backend_stalled",
    `the backend's answer stalled for ${timeouts.idle} ms`,
  );
}

function notRead({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "client_stalled",
    `the client read nothing of the answer for ${timeouts.idle} ms`,
  );
}
