import type { Exchange } from "../../pipeline/exchange.ts";
import { type Backend, WARM } from "../backend.ts";
import { type Balancer, defineBalancer } from "./balancer.ts";
import { IndexHeap } from "./index-heap.ts";

/** The golden ratio's fraction: steps of it around a circle never coincide with any rhythm. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** A rebuild skips at most this many picks, or one for each backend. */
const FAST_FORWARD_LIMIT = 1_024;

/**
 * Smooth weighted round robin. Of W picks, W being the sum of the weights, each backend gets exactly
 * its weight; at every moment in between, each is less than one pick away from its share.
 *
 * It is Tijdeman's schedule (The chairman assignment problem, 1980), which is optimal.
 * A backend of weight w is due k·w/W of the first k picks. Its next turn, the (p + 1)-th,
 *   may come from the pick on at which   k·w/W − p ≥ θ           (it waits until then)
 *   and is the more urgent the smaller   (1 − θ + p)·W/w         (it is then ready)
 * with θ = 1/(2n − 2) for n backends. The shares of each pick add up to one, so some backend is
 * always ready. With two heaps, a pick costs O(log n).
 */
class Schedule {
  readonly #backends: readonly Backend[];
  readonly #weights: Uint32Array;
  /** W: the picks after which the schedule repeats. */
  readonly cycle: number;
  /** 1/θ, a whole number, so that the sums below are exact. */
  readonly #inverseTheta: number;
  /** k: the picks since the cycle began. */
  #picks = 0;
  /** p of each backend: its turns since the cycle began. */
  readonly #turns: Uint32Array;
  /** By the pick at which their next turn may come. */
  readonly #waiting: IndexHeap;
  /** By urgency. */
  readonly #ready: IndexHeap;

  constructor(backends: readonly Backend[]) {
    this.#backends = backends;
    this.#weights = wholeWeights(backends);
    this.cycle = this.#weights.reduce((sum, weight) => sum + weight, 0);
    this.#inverseTheta = Math.max(2, 2 * backends.length - 2);
    this.#turns = new Uint32Array(backends.length);
    this.#waiting = new IndexHeap(backends.length);
    this.#ready = new IndexHeap(backends.length);
    for (let index = 0; index < backends.length; index += 1) this.#wait(index);
  }

  next(): Backend | undefined {
    this.#picks += 1;
    while (this.#waiting.leastKey <= this.#picks) {
      const index = this.#waiting.pop();
      this.#ready.push(index, this.#urgency(index));
    }
    const index = this.#ready.pop();
    const picked = this.#backends[index];
    if (picked === undefined) return undefined;
    this.#turns[index] = (this.#turns[index] ?? 0) + 1;
    this.#wait(index);
    if (this.#picks === this.cycle) this.#beginCycle();
    return picked;
  }

  /** Every backend has had all its turns and waits for the next cycle. */
  #beginCycle(): void {
    this.#picks = 0;
    this.#turns.fill(0);
    this.#waiting.shift(-this.cycle);
  }

  #wait(index: number): void {
    const turns = this.#turns[index] ?? 0;
    const weight = this.#weights[index] ?? 1;
    const m = this.#inverseTheta;
    this.#waiting.push(index, Math.ceil(((turns * m + 1) * this.cycle) / (m * weight)));
  }

  #urgency(index: number): number {
    const turns = this.#turns[index] ?? 0;
    const weight = this.#weights[index] ?? 1;
    const m = this.#inverseTheta;
    return (((turns + 1) * m - 1) * this.cycle) / (m * weight);
  }
}

/** The current weights of backends, in twentieths while there is a slow start. */
function wholeWeights(backends: readonly Backend[]): Uint32Array {
  const areWarm = backends.every(({ warmth }) => warmth === WARM);
  return Uint32Array.from(backends, ({ weight, warmth }) => (areWarm ? weight : weight * warmth));
}

/** Gives each backend its weight's share of the requests, spread as evenly as possible. */
export class RoundRobin implements Balancer {
  #healthy: readonly Backend[] = [];
  /** Absent with fewer than two backends. */
  #schedule: Schedule | undefined;
  #rebuilds = -1;
  /** For further attempts: how much of its share each backend has yet to get. */
  #credits: Map<Backend, number> | undefined;

  /**
   * The first schedule starts at its beginning, a later one somewhere else each time. If every one
   * started at its beginning, a backend whose health flaps would give the first backend every turn.
   */
  balance(healthy: readonly Backend[]): void {
    this.#healthy = healthy;
    this.#schedule = healthy.length > 1 ? new Schedule(healthy) : undefined;
    if (this.#schedule === undefined) return;
    this.#rebuilds += 1;
    const span = Math.min(this.#schedule.cycle, Math.max(FAST_FORWARD_LIMIT, healthy.length));
    const skipped = Math.floor(((this.#rebuilds * GOLDEN) % 1) * span);
    for (let pick = 0; pick < skipped; pick += 1) this.#schedule.next();
  }

  pick(_exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    if (except !== undefined) return this.#pickExcept(except);
    return this.#schedule === undefined ? this.#healthy[0] : this.#schedule.next();
  }

  /**
   * Smooth weighted round robin in its plain form, over the backends that are left: each earns its
   * weight, the richest is picked and pays for all. O(n), but it can leave out others every time. To
   * advance the schedule instead would send the next request where this one has just failed.
   */
  #pickExcept(excluded: ReadonlySet<Backend>): Backend | undefined {
    const credits = (this.#credits ??= new Map());
    let picked: Backend | undefined;
    let most = -Infinity;
    let earned = 0;
    for (const backend of this.#healthy) {
      if (excluded.has(backend)) continue;
      const { currentWeight } = backend;
      const credit = (credits.get(backend) ?? 0) + currentWeight;
      credits.set(backend, credit);
      earned += currentWeight;
      if (credit > most) {
        most = credit;
        picked = backend;
      }
    }
    if (picked !== undefined) credits.set(picked, most - earned);
    return picked;
  }
}

export const roundRobin = defineBalancer({
  name: "round_robin",
  description: "by turns, spread as evenly as their weights allow",
  create: () => new RoundRobin(),
});
