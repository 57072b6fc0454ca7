import { AnswerFields } from "../http/answer-fields.ts";
import { problemContent } from "../http/problem.ts";
import { Answer } from "./answer.ts";
import { errorKinds, GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** Tells the operator of an error that nobody foresaw. */
export type ReportCrash = (exchange: Exchange, error: unknown) => void;

/**
 * Makes the one function that turns whatever was thrown into the answer for the client. What is not
 * a GatewayError is reported, stack and all, and tells the client nothing.
 */
export function problemMaker(report: ReportCrash) {
  return function toProblem(exchange: Exchange, error: unknown): Answer {
    if (error instanceof GatewayError) return describe(exchange, error);
    report(exchange, error);
    return describe(
      exchange,
      new GatewayError("internal_error", "the gateway failed to handle this request"),
    );
  };
}

function describe(exchange: Exchange, error: GatewayError): Answer {
  const kind = errorKinds[error.code];
  exchange.fail(error.code, error.message);
  const content = problemContent({
    status: error.status,
    title: kind.title,
    detail: error.message,
    code: error.code,
    requestId: exchange.requestId,
  });
  const fields = new AnswerFields([
    "content-type",
    "application/problem+json",
    "cache-control",
    "no-store",
    "x-request-id",
    exchange.requestId,
  ]);
  for (const [name, value] of Object.entries(error.fields)) fields.set(name, value);
  if (kind.source !== "client" && "proxyStatus" in kind) {
    fields.set("proxy-status", proxyStatus(kind.proxyStatus, error.message));
  }
  // The problem stands in place of any answer that was under way.
  exchange.ended = undefined;
  exchange.status = error.status;
  // Nobody is there to get it when the client has left.
  exchange.bytesOut = error.code === "client_closed" ? 0 : Buffer.byteLength(content);
  return new Answer(content, { status: error.status, fields });
}

/** RFC 9209: who made this error, its registered name, and a quoted string of details. */
function proxyStatus(name: string, details: string): string {
  const quotable = details.replace(/[^ -~]/g, "?").replace(/["\\]/g, "\\$&");
  return `gateway; error=${name}; details="${quotable}"`;
}
