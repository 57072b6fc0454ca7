import CachePolicy from "http-cache-semantics";
import {
  type CacheDirectives,
  deltaSeconds,
  MOST_SECONDS,
  parseCacheControl,
} from "../../http/cache-control.ts";
import type { FieldList } from "../../http/field-list.ts";
import { parseHttpDate } from "../../http/http-date.ts";
import type { Clock } from "../../time/clock.ts";

/** What a stored answer may be used for. */
export type Use =
  | "fresh"
  /** The client takes a stale one. */
  | "stale"
  /** It is used once more while a new one is fetched. */
  | "while_revalidating"
  | "none";

/** An answer, and what it is an answer to. */
export interface Received {
  readonly status: number;
  readonly fields: FieldList;
  /** Monotonic milliseconds at which the request was sent. */
  readonly sentAt: number;
  /** The request's own directives. */
  readonly asked: CacheDirectives;
  /** Whether the answer can depend on who asked. */
  readonly isPersonal: boolean;
  /** Milliseconds for an answer that says nothing of its freshness; 0 for none. */
  readonly ttl: number;
}

/**
 * Judges answers for a shared cache by RFC 9111. The library decides; what is handed to it has been read
 * strictly before, because it takes quoted strings, letters of either case, values that contradict each
 * other and dates for what they are not, and revalidates fresh answers with must-revalidate.
 */
export class Judge {
  readonly #clock: Clock;
  readonly #policy: typeof CachePolicy;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#policy = class extends CachePolicy {
      override now(): number {
        return clock.monotonic();
      }
    };
  }

  /** Undefined if the answer must not be stored, or is worth nothing. */
  verdictOn(received: Received): Verdict | undefined {
    if (NEVER.has(received.status)) return undefined;
    const clock = this.#clock;
    const said = new Said(received, clock.wall());
    const age = initialAge(received, clock);
    const policy = new this.#policy(
      { method: "GET", headers: said.request },
      {
        status: said.status,
        // What the configuration gives counts from now on.
        headers: { ...said.response, age: said.ttl > 0 ? "0" : String(Math.ceil(age)) },
      },
      { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 },
    );
    if (!policy.storable()) return undefined;
    const verdict = new Verdict(policy, said, age, clock);
    const isFresh = verdict.freshUntil > clock.monotonic();
    return isFresh || (said.saysAnything && hasValidator(received.fields)) ? verdict : undefined;
  }
}

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

/** Of which there are none that are whole and final. */
const NEVER: ReadonlySet<number> = new Set([101, 206, 304]);

/** Statuses of which this cache knows what they mean (must-understand, RFC 9111 section 5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501,
]);

/** Those that `ttl` applies to: an error that nobody has said to keep would outlast its cause. */
const WITH_TTL: ReadonlySet<number> = new Set([200, 203, 301, 308]);

const WISHES = ["max-age", "min-fresh"] as const;

function hasValidator(fields: FieldList): boolean {
  return fields.has("etag") || fields.has("last-modified");
}

/** What an answer and its request say, strictly read, and as the library is told. */
class Said {
  readonly request: Readonly<Record<string, string>>;
  readonly response: Readonly<Record<string, string>>;
  readonly status: number;
  readonly mayBeStale: boolean;
  /** Whether s-maxage is given, which stands for proxy-revalidate as well (RFC 9111 section 5.2.2.10). */
  readonly isForSharedCaches: boolean;
  /** In seconds. */
  readonly staleIfError: number;
  /** Whether it says anything about being stored. */
  readonly saysAnything: boolean;
  /** Milliseconds, if the configuration decides; otherwise 0. */
  readonly ttl: number;

  constructor({ status, fields, asked, isPersonal, ttl }: Received, now: number) {
    const written = fields.get("cache-control");
    const says = parseCacheControl(written);
    const expires = fields.get("expires");
    const isUnderstood = UNDERSTOOD.has(status);
    const isExplicit = says.has("max-age") || says.has("s-maxage") || expires !== null;
    const hasNoCache =
      says.has("no-cache") || (written === null && /no-cache/i.test(fields.get("pragma") ?? ""));
    this.saysAnything = says.size > 0 || expires !== null;
    this.isForSharedCaches = says.has("s-maxage");
    this.mayBeStale = !hasNoCache && !says.has("must-revalidate") && !says.has("proxy-revalidate");
    this.staleIfError = this.mayBeStale ? (deltaSeconds(says.get("stale-if-error")) ?? 0) : 0;
    const hasTtl = !isExplicit && !hasNoCache && WITH_TTL.has(status);
    this.ttl = hasTtl ? ttl : 0;
    // An answer that says for how long may be kept whatever its status is, unless it asks to be understood.
    const isKnown = isUnderstood || (isExplicit && !says.has("must-understand"));
    this.status = isKnown && !isUnderstood ? 200 : status;

    const directives: string[] = [];
    const add = (name: string, value?: number) =>
      directives.push(value === undefined ? name : `${name}=${value}`);
    // What is no number of seconds makes the answer stale (RFC 9111 section 4.2.1).
    for (const name of ["max-age", "s-maxage"]) {
      if (says.has(name)) add(name, deltaSeconds(says.get(name)) ?? 0);
    }
    if (this.ttl > 0) add("max-age", Math.floor(this.ttl / 1_000));
    for (const name of ["private", "public"]) if (says.has(name)) add(name);
    if (hasNoCache) add("no-cache");
    // A cookie is for one client, and so may be what comes with it, unless the answer says otherwise.
    if (fields.has("set-cookie") && !says.has("public")) add("private");
    const mustUnderstand = says.has("must-understand");
    if (mustUnderstand ? !isUnderstood : says.has("no-store")) add("no-store");
    const whileRevalidating = deltaSeconds(says.get("stale-while-revalidate"));
    if (whileRevalidating !== undefined && this.mayBeStale) {
      add("stale-while-revalidate", whileRevalidating);
    }
    const date = parseHttpDate(fields.get("date") ?? "", now) ?? now;
    const until = expires === null ? undefined : (parseHttpDate(expires, now) ?? 0);
    this.response = {
      "cache-control": directives.join(", "),
      date: new Date(date).toUTCString(),
      ...(until !== undefined && { expires: new Date(until).toUTCString() }),
    };
    this.request = {
      ...(asked.has("no-store") && { "cache-control": "no-store" }),
      ...(isPersonal && { authorization: "personal" }),
    };
  }
}

/** RFC 9111 section 4.2.3, in seconds: as old as Age or Date says, whichever is more. */
function initialAge({ fields, sentAt }: Received, clock: Clock): number {
  const delay = (clock.monotonic() - sentAt) / 1_000;
  const written = fields.get("age");
  const age = written === null ? 0 : deltaSeconds(written);
  // An Age that cannot be read is no reason to take an answer for new.
  if (age === undefined) return MOST_SECONDS;
  const now = clock.wall();
  const date = parseHttpDate(fields.get("date") ?? "", now) ?? now;
  // Dates are whole seconds.
  const apparent = Math.floor((now - date) / 1_000);
  return Math.max(age + delay, apparent, 0);
}
