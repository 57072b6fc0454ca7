import { isGrpc } from "../http/grpc.ts";
import { problemContent } from "../http/problem.ts";
import type { Answer } from "./answer.ts";
import { errorKinds, GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { grpcProblem } from "./grpc-problems.ts";
import { ownAnswer } from "./own-answer.ts";

/** Turns an exception into the client's answer; `replaced` is the answer that it replaces. */
export type ToProblem = (exchange: Exchange, error: unknown, replaced?: Answer) => Answer;

/** Reports an unexpected error to the operator. */
export type ReportCrash = (exchange: Exchange, error: unknown) => void;

/**
 * Creates the function that turns exceptions into answers. Anything other than a GatewayError is
 * reported with its stack, and the client learns nothing of it.
 */
export function problemMaker(report: ReportCrash): ToProblem {
  return function toProblem(exchange, error, replaced) {
    const problem = describe(exchange, known(exchange, error, report));
    // Afterwards, so that the exchange has its failure before the old body is cancelled.
    replaced?.discard(error);
    return problem;
  };
}

function known(exchange: Exchange, error: unknown, report: ReportCrash): GatewayError {
  if (error instanceof GatewayError) return error;
  report(exchange, error);
  return new GatewayError("internal_error", "the gateway failed to handle this request");
}

function describe(exchange: Exchange, error: GatewayError): Answer {
  const kind = errorKinds[error.code];
  exchange.fail(error.code, error.message);
  const contentType = exchange.fields.get("content-type");
  const answer = isGrpc(contentType)
    ? grpcProblem(exchange, error, contentType)
    : jsonProblem(exchange, error);
  const { fields } = answer;
  for (const [name, value] of Object.entries(error.fields)) fields.set(name, value);
  if (kind.source !== "client" && "proxyStatus" in kind) {
    fields.set("proxy-status", proxyStatus(kind.proxyStatus, error.message));
  }
  // RFC 9110 section 15.5.9.
  if ("endsConnection" in kind) fields.set("connection", "close");
  exchange.status = answer.status;
  return answer;
}

function jsonProblem(exchange: Exchange, { code, status, message, members }: GatewayError): Answer {
  const { title } = errorKinds[code];
  const content = problemContent({
    status,
    title,
    detail: message,
    code,
    requestId: exchange.requestId,
    members,
  });
  return ownAnswer(exchange, "application/problem+json", content, status);
}

/** RFC 9209: who generated the error, its registered name, and a quoted string of details. */
function proxyStatus(name: string, details: string): string {
  const quotable = details.replace(/[^ -~]/g, "?").replace(/["\\]/g, "\\$&");
  return `gateway; error=${name}; details="${quotable}"`;
}
