import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Policy, Rest } from "./policy.ts";
import { noteEntry, noteLeaving, notePassed, noteWayOut } from "./decisions/passage.ts";
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
  /** The index of its first policy in the route's whole chain. */
  readonly #first: number;
  /** See `Policy`. */
  readonly answersPreflights: boolean;

  constructor(policies: readonly Policy[], toProblem: ToProblem, first = 0) {
    this.answersPreflights = policies.some((policy) => policy.answersPreflights === true);
    this.policies = policies;
    this.#toProblem = toProblem;
    this.#first = first;
  }

  /**
   * Takes an exchange in and out, and hands the answer to `end`, in the same asynchronous function:
   * a further one for each request costs a few percent. Fails only where `end` does.
   */
  run<Result>(exchange: Exchange, last: Handler, end: Ending<Result>): Result | Promise<Result> {
    if (exchange.noting !== undefined)
      noteEntry(exchange, exchange.noting, this.policies, this.#first);
    return this.#in(exchange, last, end, 0);
  }

  /** Tells each policy that wants to know what comes after it, up to the route's end. */
  join(last: Handler): void {
    for (const [at, policy] of this.policies.entries()) {
      const rest = new Chain(this.policies.slice(at + 1), this.#toProblem, at + 1);
      policy.leadsTo?.(new RestOfChain(rest, last));
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
    const { noting } = exchange;
    let at = entered;
    let isThrough = false;
    let answer: Answer | Promise<Answer>;
    try {
      while (at < policies.length) {
        const policy = policies[at];
        at += 1;
        if (policy?.request === undefined) continue;
        const own = policy.request(exchange);
        if (own === undefined) {
          if (noting !== undefined) notePassed(exchange, noting, this.#first + at);
          continue;
        }
        if (own instanceof Promise) return this.#inLater(exchange, last, end, at, own);
        this.#turned(exchange, at, own.status);
        return this.#out(exchange, own, end, at);
      }
      isThrough = true;
      answer = last.handle(exchange);
    } catch (error) {
      answer = this.#toProblem(exchange, error);
      if (!isThrough) this.#turned(exchange, at, answer.status);
      return this.#out(exchange, answer, end, at);
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
    if (answer === undefined) {
      const { noting } = exchange;
      if (noting !== undefined) notePassed(exchange, noting, this.#first + entered);
      return this.#in(exchange, last, end, entered);
    }
    this.#turned(exchange, entered, answer.status);
    return this.#out(exchange, answer, end, entered);
  }

  /**
   * The last of the policies entered has answered or thrown, unless it was led on to what comes after it,
   * and answers with what that has answered.
   */
  #turned(exchange: Exchange, entered: number, status: number): void {
    const policy = this.policies[entered - 1];
    const hasAnswered = policy?.leadsTo === undefined;
    if (hasAnswered && isRefusal(status) && exchange.cancellation.reason === undefined) {
      exchange.refusedBy = policy?.name ?? "";
    }
    const { noting } = exchange;
    if (noting === undefined) return;
    const isNew = notePassed(exchange, noting, this.#first + entered);
    if (hasAnswered || isNew) exchange.turnedAt = this.#first + entered - 1;
  }

  /** The way out, through the policies that the exchange has reached. */
  #out<Result>(
    exchange: Exchange,
    given: Answer,
    end: Ending<Result>,
    entered: number,
  ): Result | Promise<Result> {
    const isNoted = entered > 0 && exchange.isNoted(given.status);
    if (isNoted) noteWayOut(exchange);
    let answer = given;
    for (let at = entered - 1; at >= 0; at -= 1) {
      const policy = this.policies[at];
      if (policy?.response === undefined) continue;
      const before = answer;
      try {
        const own = policy.response(exchange, answer);
        if (own instanceof Promise) return this.#replaceLater(exchange, answer, own, end, at);
        if (own !== undefined) {
          answer.replacedBy(own);
          answer = own;
        }
      } catch (error) {
        answer = this.#toProblem(exchange, error, answer);
      }
      if (isNoted) noteLeaving(exchange, this.#first + at, answer !== before);
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
    if (exchange.isNoted(next.status)) noteLeaving(exchange, this.#first + at, next !== answer);
    return this.#out(exchange, next, end, at);
  }
}

class RestOfChain implements Rest {
  readonly hasVariants: boolean;
  readonly #chain: Chain;
  readonly #last: Handler;

  constructor(chain: Chain, last: Handler) {
    this.#chain = chain;
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

/** Of an answer by a policy: an error, or a redirection to where a client logs in. */
function isRefusal(status: number): boolean {
  return status >= 300 && status !== 304;
}

const leave: Ending<Answer> = (_exchange, answer) => answer;
