import type { Exchange } from "../../pipeline/exchange.ts";
import type { Backend } from "../backend.ts";
import { type Balancer, type BalancerServices, defineBalancer, weightsOf } from "./balancer.ts";
import { Turns } from "./turns.ts";
import { WeightedDraw } from "./weighted-draw.ts";

/** Up to this many backends are compared for each request; of more, two. */
const ALL_COMPARED = 32;

/**
 * Picks the backend with the fewest requests in flight relative to its weight. Of equal ones, as of
 * idle ones, each gets its weight's share by turns.
 *
 * Comparing all backends is exact and costs O(n). With many, two are drawn by their weights, and the
 * less loaded one is picked, which evens out the load almost as well (Mitzenmacher, The power of two
 * choices in randomized load balancing, 2001).
 */
class LeastRequests implements Balancer {
  readonly #random: () => number;
  #healthy: readonly Backend[] = [];
  #weights = new Float64Array(0);
  #turns = new Turns(this.#weights);
  /** The indexes of the least loaded; written by each pick. */
  #least = new Uint32Array(0);
  /** Only with many backends. */
  #lots: WeightedDraw | undefined;

  constructor({ random }: BalancerServices) {
    this.#random = random;
  }

  balance(healthy: readonly Backend[]): void {
    this.#healthy = healthy;
    this.#weights = weightsOf(healthy);
    this.#turns = new Turns(this.#weights);
    this.#least = new Uint32Array(healthy.length);
    this.#lots =
      healthy.length > ALL_COMPARED ? new WeightedDraw(this.#weights, this.#random) : undefined;
  }

  pick(_exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    if (this.#lots === undefined || except !== undefined) return this.#leastLoaded(except);
    const one = this.#lots.draw();
    const other = this.#lots.drawOther(one);
    return this.#healthy[this.#loadOf(other) < this.#loadOf(one) ? other : one];
  }

  #leastLoaded(except: ReadonlySet<Backend> | undefined): Backend | undefined {
    const healthy = this.#healthy;
    let least = Infinity;
    let count = 0;
    for (let index = 0; index < healthy.length; index += 1) {
      const backend = healthy[index];
      if (backend === undefined || except?.has(backend) === true) continue;
      const load = backend.load.inFlight / (this.#weights[index] ?? 1);
      if (load > least) continue;
      if (load < least) {
        least = load;
        count = 0;
      }
      this.#least[count] = index;
      count += 1;
    }
    return count === 0 ? undefined : healthy[this.#turns.next(this.#least, count)];
  }

  #loadOf(index: number): number {
    return (this.#healthy[index]?.load.inFlight ?? 0) / (this.#weights[index] ?? 1);
  }
}

export const leastRequests = defineBalancer({
  name: "least_requests",
  description: "to the backend with the fewest requests in flight relative to its weight",
  create: (_settings, services) => new LeastRequests(services),
});
