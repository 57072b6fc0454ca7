import type { Exchange } from "./exchange.ts";
import type { Policy } from "./policy.ts";

/** Answers at once where it can: a promise for each layer of each exchange would add up. */
export type Handler = (exchange: Exchange) => Response | Promise<Response>;

/**
 * Policies and what stands at their end. Made once per snapshot.
 *
 *   enter:   policies[0] → policies[1] → … → last
 *   leave:   policies[0] ← policies[1] ← … ← last
 */
export class Chain {
  readonly #policies: readonly Policy[];
  readonly #last: Handler;
  readonly #toProblem: (exchange: Exchange, error: unknown) => Response;

  constructor(
    policies: readonly Policy[],
    last: Handler,
    toProblem: (exchange: Exchange, error: unknown) => Response,
  ) {
    this.#policies = policies;
    this.#last = last;
    this.#toProblem = toProblem;
  }

  /**
   * The way in. A policy that answers by itself ends it. Throws, or rejects with, whatever went
   * wrong; the way out is to be taken all the same, with the problem that was made of it.
   */
  enter(exchange: Exchange): Response | Promise<Response> {
    while (exchange.entered < this.#policies.length) {
      const policy = this.#policies[exchange.entered];
      exchange.entered += 1;
      const answer = policy?.request?.(exchange);
      if (answer instanceof Promise) return this.#enterLater(exchange, answer);
      if (answer !== undefined) return answer;
    }
    return this.#last(exchange);
  }

  async #enterLater(exchange: Exchange, pending: Promise<Response | undefined>): Promise<Response> {
    return (await pending) ?? this.enter(exchange);
  }

  /**
   * The way out, through the policies that the exchange came to. What one of them throws has become a
   * problem before the next one out sees it.
   */
  leave(exchange: Exchange, answer: Response): Response {
    let response = answer;
    while (exchange.entered > 0) {
      exchange.entered -= 1;
      try {
        this.#policies[exchange.entered]?.response?.(exchange, response);
      } catch (error) {
        // What was to be passed on has nobody left to read it.
        const unread = response.body;
        response = this.#toProblem(exchange, error);
        unread?.cancel(error).catch(() => {});
      }
    }
    return response;
  }
}
