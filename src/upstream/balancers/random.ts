import type { Exchange } from "../../pipeline/exchange.ts";
import type { Backend } from "../backend.ts";
import { type Balancer, type BalancerServices, defineBalancer, weightsOf } from "./balancer.ts";
import { WeightedDraw } from "./weighted-draw.ts";

/** Draws a backend for each request, by its weight's share. */
class Random implements Balancer {
  readonly #random: () => number;
  #healthy: readonly Backend[] = [];
  /** Absent without backends. */
  #lots: WeightedDraw | undefined;

  constructor({ random }: BalancerServices) {
    this.#random = random;
  }

  balance(healthy: readonly Backend[]): void {
    this.#healthy = healthy;
    this.#lots =
      healthy.length === 0 ? undefined : new WeightedDraw(weightsOf(healthy), this.#random);
  }

  pick(_exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    if (this.#lots === undefined) return undefined;
    if (except !== undefined) return this.#pickExcept(except);
    return this.#healthy[this.#lots.draw()];
  }

  #pickExcept(excluded: ReadonlySet<Backend>): Backend | undefined {
    const left = this.#healthy.filter((backend) => !excluded.has(backend));
    if (left.length === 0) return undefined;
    return left[new WeightedDraw(weightsOf(left), this.#random).draw()];
  }
}

export const random = defineBalancer({
  name: "random",
  description: "by lot",
  create: (_settings, services) => new Random(services),
});
