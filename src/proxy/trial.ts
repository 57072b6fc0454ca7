import type { Backend } from "../upstream/backend.ts";
import type { CircuitBreaker } from "../upstream/breaker/breaker.ts";
import type { Outcome } from "../upstream/outcome.ts";

/** An attempt at a backend with a circuit breaker, from the pick of that backend on. */
class Trial {
  readonly #breaker: CircuitBreaker;
  readonly #era: number;

  constructor(breaker: CircuitBreaker) {
    this.#breaker = breaker;
    this.#era = breaker.began();
  }

  /** To be called once. Without an outcome, the backend is not to blame for the end. */
  ended(outcome: Outcome | undefined): void {
    this.#breaker.ended(this.#era, outcome);
  }
}

/** Undefined for a backend without a circuit breaker. */
export function trialAt({ breaker }: Backend): Trial | undefined {
  return breaker === undefined ? undefined : new Trial(breaker);
}
