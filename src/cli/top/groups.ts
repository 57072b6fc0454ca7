/** What is reported of a group of requests for one second; see the API's `second`. */
export interface GroupOfSecond {
  readonly requests: number;
  readonly errors: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** Of all requests; not told of a route or a backend. */
  readonly in_flight?: number;
}

/** Seconds that are kept for the line of bars. */
const KEPT = 120;
/** Seconds of which rates and latencies are the mean. */
const MEAN_OF = 5;

/** What a group does at the time. Latencies are means of those of each second, by requests. */
export interface Rates {
  readonly perSecond: number;
  /** From 0 to 1. */
  readonly errorRate: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly inFlight: number | null;
  /** Requests of the last seconds, the oldest first. */
  readonly series: readonly number[];
}

const NOTHING: GroupOfSecond = { requests: 0, errors: 0, p50_ms: null, p99_ms: null };

/** The last seconds of one group. */
export class Window {
  #seconds: GroupOfSecond[] = [];

  add(second: GroupOfSecond): void {
    this.#seconds.push(second);
    if (this.#seconds.length > KEPT) this.#seconds.shift();
  }

  get isIdle(): boolean {
    return this.#seconds.every(({ requests }) => requests === 0);
  }

  rates(): Rates {
    const last = this.#seconds.slice(-MEAN_OF);
    const requests = sumOf(last, (second) => second.requests);
    const errors = sumOf(last, (second) => second.errors);
    return {
      perSecond: last.length === 0 ? 0 : requests / last.length,
      errorRate: requests === 0 ? 0 : errors / requests,
      p50: meanOf(last, (second) => second.p50_ms),
      p99: meanOf(last, (second) => second.p99_ms),
      inFlight: last.at(-1)?.in_flight ?? null,
      series: this.#seconds.map((second) => second.requests),
    };
  }
}

/** The windows of groups by name. A group without requests in all of its window is forgotten. */
export class Windows {
  readonly #byName = new Map<string, Window>();

  add(groups: readonly (readonly [name: string, second: GroupOfSecond])[]): void {
    const told = new Map(groups);
    for (const name of told.keys()) {
      if (!this.#byName.has(name)) this.#byName.set(name, new Window());
    }
    for (const [name, window] of this.#byName) {
      window.add(told.get(name) ?? NOTHING);
      if (window.isIdle) this.#byName.delete(name);
    }
  }

  rates(): Map<string, Rates> {
    return new Map([...this.#byName].map(([name, window]) => [name, window.rates()]));
  }
}

function sumOf(seconds: readonly GroupOfSecond[], of: (second: GroupOfSecond) => number): number {
  return seconds.reduce((sum, second) => sum + of(second), 0);
}

function meanOf(
  seconds: readonly GroupOfSecond[],
  of: (second: GroupOfSecond) => number | null,
): number | null {
  const known = seconds.filter((second) => of(second) !== null && second.requests > 0);
  const requests = sumOf(known, (second) => second.requests);
  if (requests === 0) return null;
  return sumOf(known, (second) => (of(second) ?? 0) * second.requests) / requests;
}
