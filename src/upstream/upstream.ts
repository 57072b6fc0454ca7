import type { Exchange } from "../pipeline/exchange.ts";
import type { Backend } from "./backend.ts";
import type { Balancer } from "./balancers/balancer.ts";
import { RoundRobin } from "./balancers/round-robin.ts";
import type { HealthListener } from "./health/health.ts";

/** The pool of backends that a route balances over. */
export class Upstream implements HealthListener {
  readonly backends: readonly Backend[];
  /** Absent where there is but one backend, and nothing to balance. */
  readonly #balancer: Balancer | undefined;
  // Rebuilding waits for the next pick, so that many changes at once cost one.
  #stale = true;

  constructor(backends: readonly Backend[]) {
    this.backends = backends;
    if (backends.length < 2) return;
    this.#balancer = new RoundRobin();
    for (const { health } of backends) health.addListener(this);
  }

  healthChanged(): void {
    this.#stale = true;
  }

  /** A healthy backend for the exchange, none of `except`; undefined when there is none. */
  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    if (this.#balancer === undefined) return this.#only(except);
    if (this.#stale) {
      this.#stale = false;
      this.#balancer.balance(this.backends.filter((backend) => backend.health.healthy));
    }
    return except === undefined || except.size === 0
      ? this.#balancer.pick(exchange)
      : this.#balancer.pick(exchange, except);
  }

  /**
   * Stops listening to the backends' health, which outlives a snapshot; else it would keep every
   * retired upstream alive. Picks still answer, by the health known until now.
   */
  close(): void {
    for (const { health } of this.backends) health.removeListener(this);
  }

  #only(except: ReadonlySet<Backend> | undefined): Backend | undefined {
    const [backend] = this.backends;
    if (backend?.health.healthy !== true || except?.has(backend) === true) return undefined;
    return backend;
  }
}
