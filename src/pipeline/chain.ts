import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Policy } from "./policy.ts";
import type { ToProblem } from "./problems.ts";

/** What stands at the end of a chain. */
export interface Handler {
  /** Answers at once where it can: a promise for each layer of each exchange would add up. */
  handle(exchange: Exchange): Answer | Promise<Answer>;
}

/**
 * Policies and what stands at their end. Made once per snapshot.
 *
 *   enter:   policies[0] → policies[1] → … → last
 *   leave:   policies[0] ← policies[1] ← … ← last
 */
export class Chain {
  readonly #policies: readonly Policy[];
  readonly #last: Handler;
  readonly #toProblem: ToProblem;

  constructor(policies: readonly Policy[], last: Handler, toProblem: ToProblem) {
    this.#policies = policies;
    this.#last = last;
    this.#toProblem = toProblem;
  }

  /**
   * The way in. A policy that answers by itself ends it. Throws, or rejects with, whatever went
   * wrong; the way out is to be taken all the same, with the problem that was made of it.
   */
  enter(exchange: Exchange): Answer | Promise<Answer> {
    while (exchange.entered < this.#policies.length) {
      const policy = this.#policies[exchange.entered];
      exchange.entered += 1;
      const answer = policy?.request?.(exchange);
      if (answer instanceof Promise) return this.#enterLater(exchange, answer);
      if (answer !== undefined) return answer;
    }
    return this.#last.handle(exchange);
  }

  async #enterLater(exchange: Exchange, pending: Promise<Answer | undefined>): Promise<Answer> {
    return (await pending) ?? this.enter(exchange);
  }

  /**
   * The way out, through the policies that the exchange came to. What one of them throws has become a
   * problem before the next one out sees it.
   */
  leave(exchange: Exchange, answer: Answer): Answer {
    let last = answer;
    while (exchange.entered > 0) {
      exchange.entered -= 1;
      try {
        this.#policies[exchange.entered]?.response?.(exchange, last);
      } catch (error) {
        last = this.#toProblem(exchange, error, last);
      }
    }
    return last;
  }
}
