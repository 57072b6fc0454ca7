import type { Backend } from "../upstream/backend.ts";
import type { CircuitBreaker } from "../upstream/breaker/breaker.ts";
import type { Outcome } from "../upstream/outcome.ts";

/** An attempt at a backend with a circuit breaker, from the pick of that backend on. */
class Trial {
  #breaker: CircuitBreaker | undefined;
  readonly #era: number;

  constructor(breaker: CircuitBreaker) {
    this.#breaker = breaker;
    this.#era = breaker.began();
  }

  /** The first call counts. Without an outcome, the backend is not to blame for the end. */
  ended(outcome: Outcome | undefined): void {
    this.#breaker?.ended(this.#era, outcome);
    this.#breaker = undefined;
  }
}

/** Undefined for a backend without a circuit breaker. */
export function trialAt({ breaker }: Backend): Trial | undefined {
  return breaker === undefined ? undefined : new Trial(breaker);
}
