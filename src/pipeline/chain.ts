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
 * Policies in their order. Made once per snapshot; the handler at the end is given for each exchange.
 *
 *   in:    policies[0] → policies[1] → … → last
 *   out:   policies[0] ← policies[1] ← … ← last
 *
 * A policy that answers turns the exchange round; it then passes that policy again and those before
 * it. Whatever is thrown, at any depth and on either way, has become a problem before the next policy
 * out sees it.
 */
export class Chain {
  readonly #policies: readonly Policy[];
  readonly #toProblem: ToProblem;

  constructor(policies: readonly Policy[], toProblem: ToProblem) {
    this.#policies = policies;
    this.#toProblem = toProblem;
  }

  /** Takes an exchange in and out. Neither throws nor rejects. */
  run(exchange: Exchange, last: Handler): Answer | Promise<Answer> {
    return this.#in(exchange, last, 0);
  }

  /** `entered` counts the policies that the exchange has come to; the way out leads back through them. */
  #in(exchange: Exchange, last: Handler, entered: number): Answer | Promise<Answer> {
    const policies = this.#policies;
    let at = entered;
    let answer: Answer | Promise<Answer>;
    try {
      while (at < policies.length) {
        const policy = policies[at];
        at += 1;
        const own = policy?.request?.(exchange);
        if (own === undefined) continue;
        if (own instanceof Promise) return this.#inLater(exchange, last, at, own);
        return this.#out(exchange, own, at);
      }
      answer = last.handle(exchange);
    } catch (error) {
      return this.#out(exchange, this.#toProblem(exchange, error), at);
    }
    return answer instanceof Promise
      ? this.#outLater(exchange, answer, at)
      : this.#out(exchange, answer, at);
  }

  async #inLater(
    exchange: Exchange,
    last: Handler,
    entered: number,
    pending: Promise<Answer | undefined>,
  ): Promise<Answer> {
    let answer: Answer | undefined;
    try {
      answer = await pending;
    } catch (error) {
      answer = this.#toProblem(exchange, error);
    }
    return answer === undefined
      ? this.#in(exchange, last, entered)
      : this.#out(exchange, answer, entered);
  }

  /** The way out, through as many policies as the exchange has come to. */
  #out(exchange: Exchange, given: Answer, entered: number): Answer | Promise<Answer> {
    let answer = given;
    for (let at = entered - 1; at >= 0; at -= 1) {
      try {
        const own = this.#policies[at]?.response?.(exchange, answer);
        if (own === undefined) continue;
        if (own instanceof Promise) return this.#replaceLater(exchange, answer, own, at);
        answer.replacedBy(own);
        answer = own;
      } catch (error) {
        answer = this.#toProblem(exchange, error, answer);
      }
    }
    return answer;
  }

  async #outLater(exchange: Exchange, pending: Promise<Answer>, entered: number): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await pending;
    } catch (error) {
      answer = this.#toProblem(exchange, error);
    }
    return this.#out(exchange, answer, entered);
  }

  async #replaceLater(
    exchange: Exchange,
    answer: Answer,
    pending: Promise<Answer | undefined>,
    at: number,
  ): Promise<Answer> {
    let next = answer;
    try {
      const own = await pending;
      if (own !== undefined) {
        answer.replacedBy(own);
        next = own;
      }
    } catch (error) {
      next = this.#toProblem(exchange, error, answer);
    }
    return this.#out(exchange, next, at);
  }
}
