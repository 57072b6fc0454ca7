import { problemContent } from "../http/problem.ts";
import type { Answer } from "./answer.ts";
import { errorKinds, GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { ownAnswer } from "./own-answer.ts";

/** Turns what was thrown into the answer for the client, in place of one that there may have been. */
export type ToProblem = (exchange: Exchange, error: unknown, replaced?: Answer) => Answer;

/** Tells the operator of an error that nobody foresaw. */
export type ReportCrash = (exchange: Exchange, error: unknown) => void;

/**
 * Makes the one function that turns whatever was thrown into the answer for the client. What is not
 * a GatewayError is reported, stack and all, and tells the client nothing.
 */
export function problemMaker(report: ReportCrash): ToProblem {
  return function toProblem(exchange, error, replaced) {
    const problem = describe(exchange, known(exchange, error, report));
    // Afterwards, so that the exchange has its failure by the time that nobody reads on.
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
  const content = problemContent({
    status: error.status,
    title: kind.title,
    detail: error.message,
    code: error.code,
    requestId: exchange.requestId,
  });
  const answer = ownAnswer(exchange, "application/problem+json", content, error.status);
  const { fields } = answer;
  for (const [name, value] of Object.entries(error.fields)) fields.set(name, value);
  if (kind.source !== "client" && "proxyStatus" in kind) {
    fields.set("proxy-status", proxyStatus(kind.proxyStatus, error.message));
  }
  // RFC 9110 section 15.5.9.
  if ("endsConnection" in kind) fields.set("connection", "close");
  // The problem stands in place of any answer that was under way.
  exchange.ended = undefined;
  exchange.content = undefined;
  exchange.status = error.status;
  return answer;
}

/** RFC 9209: who made this error, its registered name, and a quoted string of details. */
function proxyStatus(name: string, details: string): string {
  const quotable = details.replace(/[^ -~]/g, "?").replace(/["\\]/g, "\\$&");
  return `gateway; error=${name}; details="${quotable}"`;
}
