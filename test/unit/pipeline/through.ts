import type { Answer } from "../../../src/pipeline/answer.ts";
import type { Chain } from "../../../src/pipeline/chain.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import type { ToProblem } from "../../../src/pipeline/problems.ts";
import { asResponse } from "./answers.ts";

/** Takes an exchange in and out through a chain, as the gateway does. */
export async function through(
  chain: Chain,
  exchange: Exchange,
  toProblem: ToProblem,
): Promise<Response> {
  let answer: Answer;
  try {
    answer = await chain.enter(exchange);
  } catch (error) {
    answer = toProblem(exchange, error);
  }
  return asResponse(chain.leave(exchange, answer));
}
