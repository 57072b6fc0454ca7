/** What is known of a backend's health. One for every route that checks it in the same way. */
export interface Health {
  readonly healthy: boolean;
  /** Unix epoch milliseconds at which the last check ended; undefined before the first has. */
  readonly lastCheckedAt: number | undefined;
  /** Why the last check failed, in words; undefined when it succeeded. */
  readonly lastError: string | undefined;
  /** Checks that have failed in a row up to now. */
  readonly consecutiveFailures: number;
  /** Tells the listener whenever `healthy` has changed, until it is taken from the list again. */
  addListener(listener: HealthListener): void;
  removeListener(listener: HealthListener): void;
}

export interface HealthListener {
  healthChanged(): void;
}

/** How many checks in a row it takes to change one's mind about a backend. */
interface HealthThresholds {
  readonly unhealthy_after: number;
  readonly healthy_after: number;
}

/** Health as its checks tell it. Healthy until they have proved otherwise. */
export class CheckedHealth implements Health {
  readonly #thresholds: HealthThresholds;
  readonly #listeners = new Set<HealthListener>();
  #healthy = true;
  #proven = false;
  #lastCheckedAt: number | undefined;
  #lastError: string | undefined;
  #failures = 0;
  #successes = 0;

  constructor(thresholds: HealthThresholds) {
    this.#thresholds = thresholds;
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

  /** Whether any check has ever succeeded. */
  get proven(): boolean {
    return this.#proven;
  }

  addListener(listener: HealthListener): void {
    this.#listeners.add(listener);
  }

  removeListener(listener: HealthListener): void {
    this.#listeners.delete(listener);
  }

  succeeded(at: number): void {
    this.#lastCheckedAt = at;
    this.#lastError = undefined;
    this.#proven = true;
    this.#failures = 0;
    this.#successes += 1;
    if (!this.#healthy && this.#successes >= this.#thresholds.healthy_after) this.#become(true);
  }

  failed(at: number, reason: string): void {
    this.#lastCheckedAt = at;
    this.#lastError = reason;
    this.#successes = 0;
    this.#failures += 1;
    if (this.#healthy && this.#failures >= this.#thresholds.unhealthy_after) this.#become(false);
  }

  #become(healthy: boolean): void {
    this.#healthy = healthy;
    for (const listener of this.#listeners) listener.healthChanged();
  }
}
