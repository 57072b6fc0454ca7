import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import type { Backend } from "../backend.ts";
import { type Balancer, type BalancerServices, defineBalancer, weightsOf } from "./balancer.ts";
import { WeightedDraw } from "./weighted-draw.ts";

/**
 * Milliseconds after which a past answer counts for 1/e. Long enough that a slow backend is not asked
 * again every few seconds to find out that it is slow, short enough that one slow answer is forgotten
 * within a minute.
 */
const DECAY_MS = 10_000;
/**
 * A failed attempt counts as an answer that took at least this many milliseconds, and twice as long as
 * expected. Otherwise a backend that breaks off every connection at once would be the fastest.
 */
const FAILURE_MS = 1_000;
/** However often it fails, no more is expected of a backend than this many milliseconds. */
const LONGEST_MS = 60_000;
/** The cost of a backend that is being tried out; above that of any other. */
const TRIAL_COST = 1e9;

/**
 * How long a backend's answers take: the peak exponentially weighted moving average. A slower answer
 * than expected counts at once and in full, faster ones bring the estimate down little by little.
 */
class Estimate {
  /** Milliseconds; undefined before the first answer. */
  #value: number | undefined;
  #updatedAt = 0;
  #triedAt = -Infinity;

  /** Notes that the first request is on its way. */
  tried(now: number): void {
    if (this.#value === undefined) this.#triedAt = now;
  }

  answered(milliseconds: number, now: number): void {
    const weight = Math.exp((this.#updatedAt - now) / DECAY_MS);
    const expected = (this.#value ?? 0) * weight;
    this.#value = milliseconds > expected ? milliseconds : expected + milliseconds * (1 - weight);
    this.#updatedAt = now;
  }

  failed(milliseconds: number, now: number): void {
    const penalty = Math.max(milliseconds, 2 * (this.#value ?? 0), FAILURE_MS);
    this.answered(Math.min(penalty, Math.max(milliseconds, LONGEST_MS)), now);
  }

  /**
   * What a further request costs besides `inFlight` others. A backend without an estimate is the
   * cheapest until it has been sent one request, and then the dearest until that has been answered, or
   * seems lost.
   */
  cost(inFlight: number, weight: number, now: number): number {
    if (this.#value === undefined) {
      return now - this.#triedAt < DECAY_MS ? TRIAL_COST + inFlight / weight : 0;
    }
    return (this.#value * Math.exp((this.#updatedAt - now) / DECAY_MS) * (inFlight + 1)) / weight;
  }
}

/**
 * Picks the backend that is expected to answer first: of two, drawn by their weights, the one with the
 * lower product of expected time and requests in flight, relative to its weight. Two choices are
 * enough, and unlike the best of all they never send everything to one backend at a time.
 */
class Fastest implements Balancer {
  readonly #clock: Clock;
  readonly #random: () => number;
  #healthy: readonly Backend[] = [];
  #weights = new Float64Array(0);
  /** In the order of the backends. */
  #estimates: Estimate[] = [];
  #byUrl = new Map<string, Estimate>();
  /** Absent with fewer than two backends. */
  #lots: WeightedDraw | undefined;

  constructor({ clock, random }: BalancerServices) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A backend that comes back may have changed, and is tried out like a new one. */
  balance(healthy: readonly Backend[]): void {
    const before = this.#byUrl;
    this.#healthy = healthy;
    this.#weights = weightsOf(healthy);
    this.#estimates = healthy.map(({ url }) => before.get(url) ?? new Estimate());
    this.#byUrl = new Map(
      this.#estimates.map((estimate, index) => [healthy[index]?.url ?? "", estimate]),
    );
    this.#lots = healthy.length > 1 ? new WeightedDraw(this.#weights, this.#random) : undefined;
  }

  pick(_exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    const now = this.#clock.monotonic();
    const picked =
      except === undefined ? this.#cheaperOfTwo(now) : this.#cheapestExcept(except, now);
    this.#estimates[picked]?.tried(now);
    return this.#healthy[picked];
  }

  answered({ url }: Backend, milliseconds: number, hasFailed: boolean): void {
    const estimate = this.#byUrl.get(url);
    if (hasFailed) estimate?.failed(milliseconds, this.#clock.monotonic());
    else estimate?.answered(milliseconds, this.#clock.monotonic());
  }

  #cheaperOfTwo(now: number): number {
    if (this.#lots === undefined) return 0;
    const one = this.#lots.draw();
    const other = this.#lots.drawOther(one);
    return this.#cost(other, now) < this.#cost(one, now) ? other : one;
  }

  /** −1 if all are excluded. Begins anywhere, so that equal ones share further attempts. */
  #cheapestExcept(excluded: ReadonlySet<Backend>, now: number): number {
    const { length } = this.#healthy;
    const start = Math.floor(this.#random() * length);
    let cheapest = -1;
    let least = Infinity;
    for (let step = 0; step < length; step += 1) {
      const index = (start + step) % length;
      const backend = this.#healthy[index];
      if (backend === undefined || excluded.has(backend)) continue;
      const cost = this.#cost(index, now);
      if (cost >= least) continue;
      least = cost;
      cheapest = index;
    }
    return cheapest;
  }

  #cost(index: number, now: number): number {
    const inFlight = this.#healthy[index]?.load.inFlight ?? 0;
    return this.#estimates[index]?.cost(inFlight, this.#weights[index] ?? 1, now) ?? 0;
  }
}

export const fastest = defineBalancer({
  name: "fastest",
  description:
    "to the backend that is expected to answer first, by how long its last answers took and how many requests it has in flight",
  create: (_settings, services) => new Fastest(services),
});
