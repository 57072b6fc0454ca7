import type { Chain, Handler } from "../../../src/pipeline/chain.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { asResponse } from "./answers.ts";

/** Takes an exchange in and out through a chain, as the gateway does. */
export async function through(chain: Chain, exchange: Exchange, last: Handler): Promise<Response> {
  return chain.run(exchange, last, (_exchange, answer) => asResponse(answer));
}
