import type { ExchangeRecord } from "../record.ts";
import { Latencies } from "./latencies.ts";

/** What is reported of a group of requests that ended within one second. */
export interface GroupOfSecond {
  readonly requests: number;
  readonly errors: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

/** Counts of requests that end. */
class Counts {
  requests = 0;
  errors = 0;
  readonly latencies = new Latencies();

  add({ statusCode, errorCode, latencyMs }: ExchangeRecord): void {
    this.requests += 1;
    if (statusCode >= 500 || (errorCode !== "" && statusCode < 400)) this.errors += 1;
    this.latencies.add(latencyMs);
  }

  clear(): void {
    this.requests = 0;
    this.errors = 0;
    this.latencies.clear();
  }

  told(): GroupOfSecond {
    const { requests, errors, latencies } = this;
    return {
      requests,
      errors,
      p50_ms: latencies.percentile(0.5),
      p99_ms: latencies.percentile(0.99),
    };
  }
}

/** Groups that are counted; those that were not used in a second make room for others. */
const MOST_GROUPS = 1_000;
/** Groups that are told of, those with the most requests. */
const MOST_TOLD = 100;

/** Counts by the names of routes or backends. The objects are used again every second. */
class Groups {
  readonly #byName = new Map<string, Counts>();

  add(name: string, record: ExchangeRecord): void {
    let counts = this.#byName.get(name);
    if (counts === undefined) {
      if (this.#byName.size >= MOST_GROUPS) return;
      counts = new Counts();
      this.#byName.set(name, counts);
    }
    counts.add(record);
  }

  /** Those with the most requests, and what is told of each. */
  told(): [name: string, group: GroupOfSecond][] {
    return [...this.#byName]
      .filter(([, { requests }]) => requests > 0)
      .toSorted(([, one], [, other]) => other.requests - one.requests)
      .slice(0, MOST_TOLD)
      .map(([name, counts]) => [name, counts.told()]);
  }

  clear(): void {
    for (const [name, counts] of this.#byName) {
      if (counts.requests === 0) this.#byName.delete(name);
      else counts.clear();
    }
  }
}

/** The requests that end within one second. */
export class Second {
  readonly #all = new Counts();
  readonly #routes = new Groups();
  readonly #backends = new Groups();
  #bytesIn = 0;
  #bytesOut = 0;

  add(record: ExchangeRecord): void {
    this.#all.add(record);
    this.#bytesIn += record.bytesIn;
    this.#bytesOut += record.bytesOut;
    if (record.route !== "") this.#routes.add(record.route, record);
    if (record.backend !== "") this.#backends.add(record.backend, record);
  }

  /** What is told of it, as the API's `second`, but for what is in flight; and begins the next one. */
  take() {
    const all = this.#all.told();
    const told = {
      ...all,
      p90_ms: this.#all.latencies.percentile(0.9),
      bytes_in: this.#bytesIn,
      bytes_out: this.#bytesOut,
      routes: this.#routes.told().map(([id, group]) => ({ id, ...group })),
      backends: this.#backends.told().map(([url, group]) => ({ url, ...group })),
    };
    this.#all.clear();
    this.#routes.clear();
    this.#backends.clear();
    this.#bytesIn = 0;
    this.#bytesOut = 0;
    return told;
  }
}
