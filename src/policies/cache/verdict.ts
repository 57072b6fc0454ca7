import type CachePolicy from "http-cache-semantics";
import { type CacheDirectives, deltaSeconds, MOST_SECONDS } from "../../http/cache-control.ts";
import type { Clock } from "../../time/clock.ts";
import type { Said } from "./said.ts";

/** What a stored answer may be used for. */
export type Use =
  | "fresh"
  /** The client takes a stale one. */
  | "stale"
  /** It is used once more while a new one is fetched. */
  | "while_revalidating"
  | "none";

/** What may be done with a stored answer, and until when. Times are monotonic milliseconds. */
export class Verdict {
  /** Monotonic milliseconds up to which it is fresh. */
  readonly freshUntil: number;
  /** Whether it may ever be used when it is stale. */
  readonly mayBeStale: boolean;
  /** The same, if the answer itself has not said so. */
  readonly mayBeStaleUnasked: boolean;
  /** Milliseconds after `freshUntil`. */
  readonly staleIfError: number;
  readonly #policy: CachePolicy;
  readonly #receivedAt: number;
  /** In seconds, when it was received. */
  readonly #age: number;
  readonly #clock: Clock;

  constructor(policy: CachePolicy, said: Said, age: number, clock: Clock) {
    this.#policy = policy;
    this.#age = age;
    this.#clock = clock;
    this.#receivedAt = clock.monotonic();
    const lifetime = said.ttl > 0 ? said.ttl : (policy.maxAge() - age) * 1_000;
    this.freshUntil = this.#receivedAt + lifetime;
    this.mayBeStale = said.mayBeStale;
    this.mayBeStaleUnasked = said.mayBeStale && !said.isForSharedCaches;
    this.staleIfError = said.staleIfError * 1_000;
  }

  /** Whole seconds. */
  get age(): number {
    const resident = (this.#clock.monotonic() - this.#receivedAt) / 1_000;
    return Math.min(Math.floor(this.#age + resident), MOST_SECONDS);
  }

  /** What it is worth for a request with these directives. */
  useFor(asked: CacheDirectives): Use {
    const isFresh = this.freshUntil > this.#clock.monotonic();
    if (asked.size === 0 && isFresh) return "fresh";
    const wishes: string[] = [];
    for (const name of WISHES) {
      const seconds = deltaSeconds(asked.get(name));
      if (seconds !== undefined) wishes.push(`${name}=${seconds}`);
    }
    if (asked.has("no-cache")) wishes.push("no-cache");
    if (asked.has("max-stale") && this.mayBeStaleUnasked) {
      // Without a number it is any staleness, and what is no number is none.
      const written = asked.get("max-stale");
      const seconds = written === "" ? MOST_SECONDS : deltaSeconds(written);
      if (seconds !== undefined) wishes.push(`max-stale=${seconds}`);
    }
    const headers = { "cache-control": wishes.join(", ") };
    const { response, revalidation } = this.#policy.evaluateRequest({ headers });
    if (response === undefined) return "none";
    if (revalidation !== undefined) return "while_revalidating";
    return isFresh ? "fresh" : "stale";
  }
}

const WISHES = ["max-age", "min-fresh"] as const;
