import type { Answer } from "../../pipeline/answer.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Condition } from "../../routing/conditions/condition.ts";
import type { SplitMemory } from "./memory.ts";
import type { SplitWeights } from "./weights.ts";

/** One upstream that a split may choose, by the index of its weight. */
export interface SplitChoice {
  readonly name: string;
  /** Requests that meet all of these go here, whatever the weights; undefined without any. */
  readonly conditions: readonly Condition[] | undefined;
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
    const forced = this.#isForced ? this.#forced(exchange) : -1;
    if (forced !== -1) return this.#forward(exchange, forced);
    const memory = this.#memory;
    if (memory === undefined) return this.#forward(exchange, this.#byWeight());
    memory.hide(exchange);
    const remembered = memory.remembered(exchange);
    // A choice that gets nothing any more is given up.
    const at = this.#weightOf(remembered) > 0 ? remembered : this.#byWeight();
    return this.#forwardAndRemember(exchange, at, memory);
  }

  #forced(exchange: Exchange): number {
    return this.#choices.findIndex(
      ({ conditions }) => conditions?.every((condition) => condition.accepts(exchange)) === true,
    );
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
    // An answer of the gateway itself says nothing of the upstream.
    if (exchange.errorCode === undefined) memory.remember(exchange, answer.fields, at);
    return answer;
  }
}
