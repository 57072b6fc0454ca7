import type { Backend } from "./backend.ts";
import type { Balancer } from "./balancers/balancer.ts";
import { RoundRobin } from "./balancers/round-robin.ts";

/** The pool of backends that a route balances over. */
export class Upstream {
  readonly backends: readonly Backend[];
  readonly #balancer: Balancer;
  readonly #unsubscribe: (() => void)[];
  // Rebuilding waits for the next pick, so that many changes at once cost one.
  #stale = true;

  constructor(backends: readonly Backend[], balancer: Balancer = new RoundRobin()) {
    this.backends = backends;
    this.#balancer = balancer;
    this.#unsubscribe = backends.map((backend) =>
      backend.health.onChange(() => {
        this.#stale = true;
      }),
    );
  }

  /** The healthy backend whose turn it is, none of `excluded`; undefined when there is none. */
  pick(excluded?: ReadonlySet<Backend>): Backend | undefined {
    if (this.#stale) {
      this.#stale = false;
      this.#balancer.balance(this.backends.filter((backend) => backend.health.healthy));
    }
    return excluded === undefined || excluded.size === 0
      ? this.#balancer.pick()
      : this.#balancer.pickExcept(excluded);
  }

  /**
   * Stops listening to the backends' health, which outlives a snapshot; else it would keep every
   * retired upstream alive. Picks still answer, by the health known until now.
   */
  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}
