import type { AttemptOutcome } from "../attempt-outcome.ts";

/**
 * Why an exchange went as it did: the JSON of the column `decisions`. Secrets are left out. All times are
 * milliseconds with three decimals: `at_ms` since the request arrived, `took_ms` from then on.
 *
 * Lists are bounded; `more` says how many elements were left out. Keys that are absent have nothing to
 * tell. Whatever reads this must expect further keys.
 */
export interface Decisions {
  /** In order, one after the other, from the arrival to the end. */
  readonly phases: readonly PhaseTime[];
  readonly route: RouteDecision;
  /** Those that it reached, in order. */
  readonly policies?: readonly PolicyDecision[];
  readonly split?: SplitDecision;
  /** How backends were looked for: when none was found, after a failure, or always. */
  readonly picks?: readonly PickDecision[];
  readonly attempts?: readonly AttemptDecision[];
  readonly waits?: readonly WaitDecision[];
  /** What the route's cache did, as in the column `cache`. */
  readonly cache?: string;
  /** How many elements of the lists above were left out to keep this small. */
  readonly more?: number;
}

/** A part of the time, for a waterfall. */
export interface Span {
  readonly at_ms: number;
  readonly took_ms: number;
}

/**
 * `route`: until a route was found. `in`: the policies on the way in. `pick`: reading content and waiting
 * for a backend, until the first attempt. `send`: all attempts, until the head of the answer. `out`: the
 * policies on the way out. `content`: until the last byte was sent, or the client left.
 */
export type Phase = "route" | "in" | "pick" | "send" | "out" | "content";

export interface PhaseTime extends Span {
  readonly phase: Phase;
}

export interface RouteDecision {
  /** `unrouted`: it was refused before, or answered by a page of the gateway's own. */
  readonly outcome: "matched" | "not_found" | "method_not_allowed" | "invalid_path" | "unrouted";
  /** The route's id; absent without one. */
  readonly id?: string;
  /** What the names in the route's path matched, percent-encoded as it came. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The other routes that match host and path, the most specific first. */
  readonly candidates?: readonly RouteCandidate[];
  readonly more?: number;
}

/** A route that matches host and path, and did not get the request. */
export interface RouteCandidate {
  /** For people: `"/users/:id" (users)`. */
  readonly route: string;
  /** Why it lost: `matches the path but takes only POST`. */
  readonly why_not: string;
}

export interface PolicyDecision extends Span {
  /** As `gateway explain` calls it; with its part, if it takes part at two places: `log_body, the answer`. */
  readonly name: string;
  /**
   * `answered`: by itself, and nothing after it was reached. `refused`: it threw an error, or answered
   * with one or with a redirection.
   */
  readonly verdict: "passed" | "answered" | "refused";
  /** The error's code, if it refused with one. */
  readonly code?: string;
  /** What it did on the way out, if that was noted. */
  readonly out?: PolicyOut;
}

export interface PolicyOut extends Span {
  /** Whether it returned another answer; it may have changed fields in any case. */
  readonly replaced: boolean;
}

export interface SplitDecision {
  /** The upstream that was chosen. */
  readonly upstream: string;
  /** Because of the request itself, of what this client got before, or by the weights. */
  readonly by: "condition" | "memory" | "weight";
  readonly choices: readonly { readonly upstream: string; readonly weight: number }[];
}

/** One look for a backend. */
export interface PickDecision {
  readonly at_ms: number;
  /** The upstream's name; absent for a route's own. */
  readonly upstream?: string;
  /** The URL that was chosen; absent if none was. */
  readonly backend?: string;
  /** Why none was, if not only because of the backends: the upstream is at its max_in_flight. */
  readonly why_none?: string;
  /** Those that were not chosen; if none was, only those that something was in the way of. */
  readonly others?: readonly BackendPassedOver[];
  readonly more?: number;
}

/**
 * Why a backend did not get the request. `down`: by its health checks or failed connections; `full`: at
 * its max_in_flight; `tried`: an attempt at it has failed; `backup`: others are available; `weight`: the
 * balancer chose another one.
 */
export type BackendObstacle =
  | "down"
  | "ejected"
  | "circuit_open"
  | "drained"
  | "full"
  | "tried"
  | "backup"
  | "weight";

export interface BackendPassedOver {
  readonly url: string;
  readonly why_not: BackendObstacle;
  /** What is known of it: the last error, how long it is ejected, requests in flight. */
  readonly detail?: string;
}

export interface AttemptDecision extends Span {
  readonly backend: string;
  /** See `AttemptOutcome`; empty if the exchange ended while it was in progress. */
  readonly outcome: AttemptOutcome;
  /** Of its answer. */
  readonly status?: number;
  /** What went wrong, redacted. */
  readonly error?: string;
}

/** A wait between looking for backends. */
export interface WaitDecision extends Span {
  /** For a place at a backend, or before a retry. */
  readonly for: "place" | "retry";
}

/**
 * The JSON of the columns `request_fields` and `response_fields`: names in lower case and values, in
 * order. Secret values are `[redacted]`; a long value ends with "…" where it was cut. The last name may be
 * empty: its value then says how many more fields there were.
 */
export type KeptFields = readonly (readonly [name: string, value: string])[];
