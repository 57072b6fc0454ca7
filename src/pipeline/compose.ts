import type { Exchange } from "./exchange.ts";
import type { Policy } from "./policy.ts";

export type Handler = (exchange: Exchange) => Promise<Response>;

/**
 * Joins policies and what stands at their end into one handler. Built once per snapshot.
 *
 *   request:   policies[0] → policies[1] → … → last
 *   response:  policies[0] ← policies[1] ← … ← last
 *
 * A policy that answers by itself ends the way in; the answer goes out through it and those before
 * it. Whatever throws has become a problem, through `toProblem`, before the next policy out sees it.
 */
export function compose(
  policies: readonly Policy[],
  last: Handler,
  toProblem: (exchange: Exchange, error: unknown) => Response,
): Handler {
  return async function handle(exchange) {
    let entered = 0;
    let response: Response | undefined;
    try {
      for (const policy of policies) {
        entered += 1;
        const answer = policy.request?.(exchange);
        response = answer instanceof Promise ? await answer : answer;
        if (response !== undefined) break;
      }
      response ??= await last(exchange);
    } catch (error) {
      response = toProblem(exchange, error);
    }
    for (let index = entered - 1; index >= 0; index -= 1) {
      try {
        policies[index]?.response?.(exchange, response);
      } catch (error) {
        // What was to be passed on has nobody left to read it.
        const unread = response.body;
        response = toProblem(exchange, error);
        unread?.cancel(error).catch(() => {});
      }
    }
    return response;
  };
}
