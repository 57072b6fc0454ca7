import type { AttemptOutcome } from "../../pipeline/attempt-outcome.ts";
import type { Exemplar } from "./exemplar.ts";
import { DURATION_BOUNDS, Histogram } from "./histogram.ts";

/** Upper bounds in seconds of an attempt, with fewer buckets: there are many series. */
const ATTEMPT_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

/** A number that only grows. */
export class Counter {
  value = 0;
  exemplar: Exemplar | undefined = undefined;
}

/** A counter with the values of its labels besides the route. */
export interface LabelledCounter {
  readonly values: readonly string[];
  readonly counter: Counter;
}

/** How the attempts at one backend of a route ended. */
export class BackendSeries {
  /** Its URL, without a user's name and password. */
  readonly backend: string;
  readonly duration = new Histogram(ATTEMPT_BOUNDS);
  readonly outcomes: Record<AttemptOutcome, number> = {
    "": 0,
    answered: 0,
    connect: 0,
    reset: 0,
    timeout: 0,
    outrun: 0,
    cancelled: 0,
  };
  /** Of those that were answered, by the first digit of their status. */
  readonly classes = new Float64Array(CLASSES);
  /** Unix epoch milliseconds at which a scrape first missed the backend; undefined while it is there. */
  missingSince: number | undefined = undefined;

  constructor(backend: string) {
    this.backend = backend;
  }

  count(outcome: AttemptOutcome, status: number): void {
    this.outcomes[outcome] += 1;
    if (outcome !== "answered") return;
    const at = (status / 100) | 0;
    this.classes[at] = (this.classes[at] ?? 0) + 1;
  }
}

/** Of statuses: the first digit is 1 to 9. */
const CLASSES = 10;

/** What is counted of one route's exchanges. */
export class RouteSeries {
  /** The value of the label. */
  readonly route: string;
  /** By method and status, see `requestKey`. */
  readonly requests = new Map<number, LabelledCounter>();
  readonly duration = new Histogram(DURATION_BOUNDS);
  readonly firstByte = new Histogram(DURATION_BOUNDS);
  /** Content bytes from clients and to them. */
  bytesIn = 0;
  bytesOut = 0;
  retries = 0;
  hedges = 0;
  readonly backends = new Map<string, BackendSeries>();
  readonly errors = new Map<string, LabelledCounter>();
  /** By policy and error code. */
  readonly rejections = new Map<string, LabelledCounter>();
  readonly cache = new Map<string, LabelledCounter>();
  /** Those of the exchange before, which are often those of the next one, too. */
  lastKey = -1;
  lastRequests = new Counter();
  lastBackendUrl = "";
  lastBackend: BackendSeries | undefined = undefined;

  constructor(route: string) {
    this.route = route;
  }
}
