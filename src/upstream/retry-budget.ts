/** Seconds over which traffic is counted. */
const WINDOW = 10;
/** Retries for each second of the window that are always allowed, so that quiet upstreams have some. */
const ALWAYS_PER_SECOND = 3;

/**
 * Limits the retries at an upstream to a share of its requests over the last ten seconds: a backend that
 * fails under its load must not get a multiple of it.
 */
export class RetryBudget {
  /** Retries for which nothing was left. */
  exhausted = 0;
  readonly #requests = new Counts();
  readonly #retries = new Counts();

  /** A request has come, which is no retry. `now` is monotonic, in milliseconds. */
  began(now: number): void {
    this.#requests.add(now);
  }

  /** Takes a retry from the budget. False if it is used up; `share` is from 0 to 1. */
  take(share: number, now: number): boolean {
    const allowed = Math.max(share * this.#requests.sum(now), ALWAYS_PER_SECOND * WINDOW);
    if (this.#retries.sum(now) + 1 > allowed) {
      this.exhausted += 1;
      return false;
    }
    this.#retries.add(now);
    return true;
  }
}

/** Counts events of the last seconds, in a slot for each. */
class Counts {
  readonly #slots = new Uint32Array(WINDOW);
  #second = 0;
  #sum = 0;

  add(now: number): void {
    const slot = this.#advance(now) % WINDOW;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1;
    this.#sum += 1;
  }

  sum(now: number): number {
    this.#advance(now);
    return this.#sum;
  }

  /** Forgets the seconds that have left the window. */
  #advance(now: number): number {
    const second = Math.floor(now / 1_000);
    const forgotten = Math.min(second - this.#second, WINDOW);
    for (let step = 1; step <= forgotten; step += 1) {
      const slot = (this.#second + step) % WINDOW;
      this.#sum -= this.#slots[slot] ?? 0;
      this.#slots[slot] = 0;
    }
    this.#second = Math.max(second, this.#second);
    return this.#second;
  }
}
