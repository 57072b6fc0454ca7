import { fieldOf } from "../http/field.ts";
import { FieldList } from "../http/field-list.ts";
import { grpcMessage, grpcStatusOf } from "../http/grpc.ts";
import type { Field } from "../http/field.ts";
import { Answer } from "./answer.ts";
import type { GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/**
 * A problem for a gRPC client: a header section alone ("trailers-only") with the status and the detail.
 * The HTTP status is 200, as gRPC requires.
 */
export function grpcProblem(exchange: Exchange, error: GatewayError, contentType: string): Answer {
  const fields = new FieldList([
    fieldOf("Content-Type", contentType),
    fieldOf("X-Request-ID", exchange.requestId),
    ...grpcTrailers(exchange, error),
  ]);
  return new Answer(null, { status: 200, fields });
}

/** The end of a gRPC answer that broke off in the middle. */
export function grpcTrailers(exchange: Exchange, error: GatewayError): Field[] {
  // No deadline of the call: nothing was sent, and calling again is safe.
  const isUnsent = error.code === "backend_connect_timeout";
  const status = isUnsent ? UNAVAILABLE : grpcStatusOf(error.status);
  exchange.grpcStatus = status;
  return [fieldOf("grpc-status", `${status}`), fieldOf("grpc-message", grpcMessage(error.message))];
}

const UNAVAILABLE = 14;
