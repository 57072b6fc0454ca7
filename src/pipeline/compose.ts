import type { Exchange } from "./exchange.ts";
import type { Policy } from "./policy.ts";

/** Answers at once where it can: a promise for each layer of each exchange would add up. */
export type Handler = (exchange: Exchange) => Response | Promise<Response>;

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
  /** The way in from `policies[from]` on. */
  function enter(exchange: Exchange, from: number): Response | Promise<Response> {
    let entered = from;
    try {
      while (entered < policies.length) {
        const policy = policies[entered];
        entered += 1;
        const answer = policy?.request?.(exchange);
        if (answer instanceof Promise) return enterLater(exchange, entered, answer);
        if (answer !== undefined) return leave(exchange, answer, entered);
      }
      const response = last(exchange);
      return response instanceof Promise
        ? leaveLater(exchange, response)
        : leave(exchange, response, entered);
    } catch (error) {
      return leave(exchange, toProblem(exchange, error), entered);
    }
  }

  async function enterLater(
    exchange: Exchange,
    entered: number,
    pending: Promise<Response | undefined>,
  ): Promise<Response> {
    let answer: Response | undefined;
    try {
      answer = await pending;
    } catch (error) {
      answer = toProblem(exchange, error);
    }
    return answer === undefined ? enter(exchange, entered) : leave(exchange, answer, entered);
  }

  async function leaveLater(exchange: Exchange, pending: Promise<Response>): Promise<Response> {
    let response: Response;
    try {
      response = await pending;
    } catch (error) {
      response = toProblem(exchange, error);
    }
    return leave(exchange, response, policies.length);
  }

  /** The way out through the first `entered` policies. */
  function leave(exchange: Exchange, answer: Response, entered: number): Response {
    let response = answer;
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
  }

  return (exchange) => enter(exchange, 0);
}
