/** After this many requests in a row that could not reach a backend, it is unhealthy at once. */
export const UNREACHED_LIMIT = 3;

/** A backend's health, shared by all routes that check it in the same way. */
export interface Health {
  readonly healthy: boolean;
  /** Unix epoch milliseconds at which the last check ended; undefined before the first one. */
  readonly lastCheckedAt: number | undefined;
  /** Why the last check failed, or why requests could not reach the backend; otherwise undefined. */
  readonly lastError: string | undefined;
  /** Checks that have failed in a row up to now. */
  readonly consecutiveFailures: number;
  /** Checks that have ended; undefined if it is not checked. */
  readonly checks: Readonly<CheckCounts> | undefined;
  /** Calls the listener whenever `healthy` has changed, until it is removed again. */
  addListener(listener: HealthListener): void;
  removeListener(listener: HealthListener): void;
  /** A request has reached the backend, whatever the answer. Called for every request. */
  reached(): void;
  /**
   * A request cannot have reached the backend, for the given reason ("connection refused"). After three
   * in a row, with no `reached` in between, it is unhealthy until checks succeed.
   */
  unreached(reason: string): void;
}

export interface CheckCounts {
  succeeded: number;
  failed: number;
}

export interface HealthListener {
  healthChanged(): void;
  /** A check has shown that the backend is well, not only that it is there. */
  proven?(): void;
}

/** How many checks in a row change the verdict on a backend. */
interface HealthThresholds {
  readonly unhealthy_after: number;
  readonly healthy_after: number;
}

/** Health by checks and by real requests. Healthy until proven otherwise. */
export class CheckedHealth implements Health {
  readonly checks: CheckCounts = { succeeded: 0, failed: 0 };
  readonly #thresholds: HealthThresholds;
  readonly #onTakenOut: ((reason: string) => void) | undefined;
  readonly #listeners = new Set<HealthListener>();
  #healthy = true;
  #proven = false;
  #lastCheckedAt: number | undefined;
  #lastError: string | undefined;
  #failures = 0;
  #successes = 0;
  #unreached = 0;

  /** `onTakenOut` is called when requests, not checks, make the backend unhealthy. */
  constructor(thresholds: HealthThresholds, onTakenOut?: (reason: string) => void) {
    this.#thresholds = thresholds;
    this.#onTakenOut = onTakenOut;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  get lastCheckedAt(): number | undefined {
    return this.#lastCheckedAt;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  get consecutiveFailures(): number {
    return this.#failures;
  }

  /**
   * Requests in a row that could not reach the backend. A successful check does not reset the count.
   */
  get consecutiveUnreached(): number {
    return this.#unreached;
  }

  /** Whether any check has succeeded. */
  get proven(): boolean {
    return this.#proven;
  }

  addListener(listener: HealthListener): void {
    this.#listeners.add(listener);
  }

  removeListener(listener: HealthListener): void {
    this.#listeners.delete(listener);
  }

  /** `isProof`: the backend has said that it is well. Otherwise it has no page to say so. */
  succeeded(at: number, isProof = true): void {
    this.checks.succeeded += 1;
    this.#lastCheckedAt = at;
    this.#lastError = undefined;
    this.#proven = true;
    this.#failures = 0;
    this.#successes += 1;
    if (!this.#healthy && this.#successes >= this.#thresholds.healthy_after) this.#become(true);
    if (isProof && this.#healthy) for (const listener of this.#listeners) listener.proven?.();
  }

  failed(at: number, reason: string): void {
    this.checks.failed += 1;
    this.#lastCheckedAt = at;
    this.#lastError = reason;
    this.#successes = 0;
    this.#failures += 1;
    if (this.#healthy && this.#failures >= this.#thresholds.unhealthy_after) this.#become(false);
  }

  reached(): void {
    if (this.#unreached !== 0) this.#unreached = 0;
  }

  unreached(reason: string): void {
    this.#unreached += 1;
    if (!this.#healthy || this.#unreached < UNREACHED_LIMIT) return;
    this.#lastError = reason;
    this.#successes = 0;
    this.#become(false);
    this.#onTakenOut?.(reason);
  }

  #become(healthy: boolean): void {
    this.#healthy = healthy;
    for (const listener of this.#listeners) listener.healthChanged();
  }
}

/** Health without checks: nothing would bring the backend back, so nothing takes it out. */
export const uncheckedHealth: Health = {
  healthy: true,
  lastCheckedAt: undefined,
  lastError: undefined,
  consecutiveFailures: 0,
  checks: undefined,
  addListener() {},
  removeListener() {},
  reached() {},
  unreached() {},
};
