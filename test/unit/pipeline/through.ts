import type { Chain } from "../../../src/pipeline/chain.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";

/** Takes an exchange in and out through a chain, as the gateway does. */
export async function through(
  chain: Chain,
  exchange: Exchange,
  toProblem: (exchange: Exchange, error: unknown) => Response,
): Promise<Response> {
  let response: Response;
  try {
    response = await chain.enter(exchange);
  } catch (error) {
    response = toProblem(exchange, error);
  }
  return chain.leave(exchange, response);
}
