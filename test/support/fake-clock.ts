import type { Clock } from "../../src/time/clock.ts";

interface Scheduled {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test advances it. */
export class FakeClock implements Clock {
  readonly #scheduled = new Set<Scheduled>();
  #monotonic = 0;
  #wall: number;

  /** `wall` is where the wall clock begins, in Unix epoch milliseconds. */
  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  wall(): number {
    return this.#wall;
  }

  schedule(delay: number, callback: () => void): () => void {
    const scheduled = { at: this.#monotonic + Math.max(0, delay), callback };
    this.#scheduled.add(scheduled);
    return () => {
      this.#scheduled.delete(scheduled);
    };
  }

  /** How many callbacks still wait for their time. */
  get pending(): number {
    return this.#scheduled.size;
  }

  /**
   * Lets `ms` milliseconds pass on both clocks. Callbacks that fall due run in the order of their
   * times, each at its own time, those that they schedule included.
   */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (let next = this.#nextBy(end); next !== undefined; next = this.#nextBy(end)) {
      this.#scheduled.delete(next);
      this.#moveTo(next.at);
      next.callback();
    }
    this.#moveTo(end);
  }

  #moveTo(time: number): void {
    this.#wall += time - this.#monotonic;
    this.#monotonic = time;
  }

  #nextBy(end: number): Scheduled | undefined {
    let next: Scheduled | undefined;
    for (const scheduled of this.#scheduled) {
      if (scheduled.at <= end && (next === undefined || scheduled.at < next.at)) next = scheduled;
    }
    return next;
  }
}
