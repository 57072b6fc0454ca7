import type { Failure } from "../../upstream/outcome.ts";

/** When and how often a route's requests are sent again. Times are in milliseconds. */
export interface RetryPlan {
  /** In all, the first one included. */
  readonly attempts: number;
  readonly failures: ReadonlySet<Failure>;
  readonly statuses: ReadonlySet<number>;
  /** What a backend may have acted on is only sent again with one of these. */
  readonly methods: ReadonlySet<string>;
  /** Bytes of content that may be sent again. */
  readonly maxBody: number;
  /** Before the first retry at most this long, then twice as long each time. */
  readonly backoff: number;
  /** Retries as a share of the upstream's requests. */
  readonly budget: number;
}

/** A second attempt for requests that are not answered in time. */
export interface HedgePlan {
  /** In milliseconds. */
  readonly after: number;
  /** The same share as for retries, which second attempts count among. */
  readonly budget: number;
}

/** How often the pause doubles at most is limited by this multiple of the first one. */
const LONGEST_BACKOFF = 10;

/**
 * The pause before a retry, after so many others: anything up to a bound that doubles (full jitter), so
 * that the retries of requests that failed together do not come together.
 */
export function backOff(plan: RetryPlan, retries: number, random: () => number): number {
  return random() * plan.backoff * Math.min(2 ** retries, LONGEST_BACKOFF);
}
