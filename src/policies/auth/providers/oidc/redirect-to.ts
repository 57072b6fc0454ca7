import type { Field } from "../../../../http/field.ts";
import type { Answer } from "../../../../pipeline/answer.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import { ownAnswer } from "../../../../pipeline/own-answer.ts";

/** Sends a browser elsewhere, to be asked for by GET, with cookies. No cache keeps that. */
export function redirectTo(
  exchange: Exchange,
  location: string,
  cookies: readonly Field[],
): Answer {
  const status = exchange.method === "POST" ? 303 : 302;
  const answer = ownAnswer(exchange, "text/plain;charset=utf-8", "", status);
  answer.fields.set("Location", location);
  answer.fields.list.push(...cookies);
  return answer;
}
