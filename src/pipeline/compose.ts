import type { Exchange } from "./exchange.ts";
import type { Policy } from "./policy.ts";

/** Answers at once where it can: a promise for each layer of each exchange would add up. */
export type Handler = (exchange: Exchange) => Response | Promise<Response>;

/** Policies and what stands at their end. Built once per snapshot. */
export interface Chain {
  /**
   * The way in. A policy that answers by itself ends it. Throws, or rejects with, whatever went
   * wrong; the way out is to be taken all the same, with the problem that was made of it.
   */
  readonly enter: Handler;
  /** The way out, through the policies that the exchange came to on its way in. Never throws. */
  leave(exchange: Exchange, answer: Response): Response;
}

/**
 * Joins policies and what stands at their end.
 *
 *   enter:   policies[0] → policies[1] → … → last
 *   leave:   policies[0] ← policies[1] ← … ← last
 *
 * Whatever a policy throws on the way out has become a problem, through `toProblem`, before the next
 * one out sees it.
 */
export function compose(
  policies: readonly Policy[],
  last: Handler,
  toProblem: (exchange: Exchange, error: unknown) => Response,
): Chain {
  function enter(exchange: Exchange): Response | Promise<Response> {
    while (exchange.entered < policies.length) {
      const policy = policies[exchange.entered];
      exchange.entered += 1;
      const answer = policy?.request?.(exchange);
      if (answer instanceof Promise) return enterLater(exchange, answer);
      if (answer !== undefined) return answer;
    }
    return last(exchange);
  }

  async function enterLater(
    exchange: Exchange,
    pending: Promise<Response | undefined>,
  ): Promise<Response> {
    return (await pending) ?? enter(exchange);
  }

  function leave(exchange: Exchange, answer: Response): Response {
    let response = answer;
    while (exchange.entered > 0) {
      exchange.entered -= 1;
      try {
        policies[exchange.entered]?.response?.(exchange, response);
      } catch (error) {
        // What was to be passed on has nobody left to read it.
        const unread = response.body;
        response = toProblem(exchange, error);
        unread?.cancel(error).catch(() => {});
      }
    }
    return response;
  }

  return { enter, leave };
}
