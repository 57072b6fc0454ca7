import type { Answer } from "../../pipeline/answer.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { SplitDecision } from "../../pipeline/decisions/decisions.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Condition } from "../../routing/conditions/condition.ts";
import type { SplitMemory } from "./memory.ts";
import type { SplitWeights } from "./weights.ts";

/** One upstream that a split may choose, by the index of its weight. */
export interface SplitChoice {
  readonly name: string;
  /** Requests that meet all of one list go here, whatever the weights; undefined without any. */
  readonly conditions: readonly (readonly Condition[])[] | undefined;
  /** Whether its backends get the client's Host, or their own. */
  readonly preserveHost: boolean;
  readonly forward: Handler;
}

/** The end of a route whose requests go to several upstreams, by their weights and by what they carry. */
export class Split implements Handler {
  readonly weights: SplitWeights;
  readonly #choices: readonly SplitChoice[];
  readonly #isForced: boolean;
  readonly #memory: SplitMemory | undefined;
  readonly #random: () => number;

  /** `random`: evenly spread over [0, 1). */
  constructor(
    choices: readonly SplitChoice[],
    weights: SplitWeights,
    random: () => number,
    memory?: SplitMemory,
  ) {
    this.weights = weights;
    this.#choices = choices;
    this.#isForced = choices.some(({ conditions }) => conditions !== undefined);
    this.#random = random;
    this.#memory = memory;
  }

  handle(exchange: Exchange): Answer | Promise<Answer> {
    const forced = this.#forced(exchange);
    if (forced !== -1) return this.#forward(exchange, forced);
    const memory = this.#memory;
    if (memory === undefined) return this.#forward(exchange, this.#byWeight());
    memory.hide(exchange);
    const remembered = this.#remembered(exchange);
    const at = remembered === -1 ? this.#byWeight() : remembered;
    return this.#forwardAndRemember(exchange, at, memory);
  }

  /** The client's own choice. What is by weight is one draw for all who have none. */
  variantOf(exchange: Exchange): string {
    const forced = this.#forced(exchange);
    const own = forced === -1 ? this.#remembered(exchange) : forced;
    return own === -1 ? "" : `${own}`;
  }

  /** Why an exchange went to the upstream that it did. To be asked afterwards. */
  decision(exchange: Exchange): SplitDecision {
    const { upstream } = exchange;
    const isAt = (at: number) => this.#choices[at]?.name === upstream;
    const isForced = isAt(this.#forced(exchange));
    const by = isForced ? "condition" : isAt(this.#remembered(exchange)) ? "memory" : "weight";
    const choices = this.weights.shares.map(({ name, weight }) => ({ upstream: name, weight }));
    return { upstream, by, choices };
  }

  /** The choice that a request decides itself; -1 without one. */
  #forced(exchange: Exchange): number {
    if (!this.#isForced) return -1;
    const isMet = (condition: Condition) => condition.accepts(exchange);
    return this.#choices.findIndex(
      ({ conditions }) => conditions?.some((all) => all.every(isMet)) === true,
    );
  }

  /** The choice that the client was given before; -1 without one, and if that gets nothing any more. */
  #remembered(exchange: Exchange): number {
    const remembered = this.#memory?.remembered(exchange) ?? -1;
    return this.#weightOf(remembered) > 0 ? remembered : -1;
  }

  #byWeight(): number {
    return this.weights.choose(this.#random());
  }

  #weightOf(at: number): number {
    return this.weights.shares[at]?.weight ?? 0;
  }

  #forward(exchange: Exchange, at: number): Answer | Promise<Answer> {
    const choice = this.#choices[at];
    const share = this.weights.shares[at];
    if (choice === undefined || share === undefined) throw new Error(`there is no choice ${at}`);
    share.requests += 1;
    exchange.upstream = choice.name;
    if (!choice.preserveHost) exchange.outgoing.leaveHostToBackend();
    return choice.forward.handle(exchange);
  }

  async #forwardAndRemember(exchange: Exchange, at: number, memory: SplitMemory): Promise<Answer> {
    const answer = await this.#forward(exchange, at);
    // An answer of the gateway itself says nothing of the upstream, and a failure is nothing to stay with.
    const isOfUpstream = exchange.errorCode === undefined && exchange.attempts.length > 0;
    if (isOfUpstream && answer.status < 500) memory.remember(exchange, answer.fields, at);
    return answer;
  }
}
