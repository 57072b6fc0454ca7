import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Policy, Rest } from "./policy.ts";
import type { ToProblem } from "./problems.ts";

/** The end of a chain. */
export interface Handler {
  /** Answers synchronously if it can: a promise for each layer of each exchange would add up. */
  handle(exchange: Exchange): Answer | Promise<Answer>;
  /**
   * For an end that has several answers to one request: which of them a client gets because of what it
   * sends or was given before; empty if anyone may get any.
   */
  variantOf?(exchange: Exchange): string;
}

/** Receives the answer that has left the chain. */
export type Ending<Result> = (exchange: Exchange, answer: Answer) => Result;

/**
 * Policies in order. Created once per snapshot; the handler at the end is passed for each exchange.
 *
 *   in:    policies[0] → policies[1] → … → last
 *   out:   policies[0] ← policies[1] ← … ← last
 *
 * A policy that answers turns the exchange round; it then passes that policy again and those before it.
 * Anything thrown, at any depth and in either direction, has become a problem before the next policy
 * out sees it.
 */
export class Chain {
  readonly policies: readonly Policy[];
  readonly #toProblem: ToProblem;
  /** See `Policy`. */
  readonly answersPreflights: boolean;

  constructor(policies: readonly Policy[], toProblem: ToProblem) {
    this.answersPreflights = policies.some((policy) => policy.answersPreflights === true);
    this.policies = policies;
    this.#toProblem = toProblem;
  }

  /**
   * Takes an exchange in and out, and hands the answer to `end`, in the same asynchronous function:
   * a further one for each request costs a few percent. Fails only where `end` does.
   */
  run<Result>(exchange: Exchange, last: Handler, end: Ending<Result>): Result | Promise<Result> {
    return this.#in(exchange, last, end, 0);
  }

  /** Tells each policy that wants to know what comes after it, up to the route's end. */
  join(last: Handler): void {
    for (const [at, policy] of this.policies.entries()) {
      policy.leadsTo?.(new RestOfChain(this.policies.slice(at + 1), this.#toProblem, last));
    }
  }

  /**
   * `entered` counts the policies that the exchange has reached; the way out leads back through them.
   */
  #in<Result>(
    exchange: Exchange,
    last: Handler,
    end: Ending<Result>,
    entered: number,
  ): Result | Promise<Result> {
    const policies = this.policies;
    let at = entered;
    let answer: Answer | Promise<Answer>;
    try {
      while (at < policies.length) {
        const policy = policies[at];
        at += 1;
        const own = policy?.request?.(exchange);
        if (own === undefined) continue;
        if (own instanceof Promise) return this.#inLater(exchange, last, end, at, own);
        return this.#out(exchange, own, end, at);
      }
      answer = last.handle(exchange);
    } catch (error) {
      return this.#out(exchange, this.#toProblem(exchange, error), end, at);
    }
    return answer instanceof Promise
      ? this.#outLater(exchange, answer, end, at)
      : this.#out(exchange, answer, end, at);
  }

  async #inLater<Result>(
    exchange: Exchange,
    last: Handler,
    end: Ending<Result>,
    entered: number,
    pending: Promise<Answer | undefined>,
  ): Promise<Result> {
    let answer: Answer | undefined;
    try {
      answer = await pending;
    } catch (error) {
      answer = this.#toProblem(exchange, error);
    }
    return answer === undefined
      ? this.#in(exchange, last, end, entered)
      : this.#out(exchange, answer, end, entered);
  }

  /** The way out, through the policies that the exchange has reached. */
  #out<Result>(
    exchange: Exchange,
    given: Answer,
    end: Ending<Result>,
    entered: number,
  ): Result | Promise<Result> {
    let answer = given;
    for (let at = entered - 1; at >= 0; at -= 1) {
      try {
        const own = this.policies[at]?.response?.(exchange, answer);
        if (own === undefined) continue;
        if (own instanceof Promise) return this.#replaceLater(exchange, answer, own, end, at);
        answer.replacedBy(own);
        answer = own;
      } catch (error) {
        answer = this.#toProblem(exchange, error, answer);
      }
    }
    return end(exchange, answer);
  }

  async #outLater<Result>(
    exchange: Exchange,
    pending: Promise<Answer>,
    end: Ending<Result>,
    entered: number,
  ): Promise<Result> {
    let answer: Answer;
    try {
      answer = await pending;
    } catch (error) {
      answer = this.#toProblem(exchange, error);
    }
    return this.#out(exchange, answer, end, entered);
  }

  async #replaceLater<Result>(
    exchange: Exchange,
    answer: Answer,
    pending: Promise<Answer | undefined>,
    end: Ending<Result>,
    at: number,
  ): Promise<Result> {
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
    return this.#out(exchange, next, end, at);
  }
}

class RestOfChain implements Rest {
  readonly hasVariants: boolean;
  readonly #chain: Chain;
  readonly #last: Handler;

  constructor(policies: readonly Policy[], toProblem: ToProblem, last: Handler) {
    this.#chain = new Chain(policies, toProblem);
    this.#last = last;
    this.hasVariants = last.variantOf !== undefined;
  }

  variantOf(exchange: Exchange): string {
    return this.#last.variantOf?.(exchange) ?? "";
  }

  handle(exchange: Exchange): Answer | Promise<Answer> {
    return this.#chain.run(exchange, this.#last, leave);
  }
}

const leave: Ending<Answer> = (_exchange, answer) => answer;
