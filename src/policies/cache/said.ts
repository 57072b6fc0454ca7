import { type CacheDirectives, deltaSeconds, parseCacheControl } from "../../http/cache-control.ts";
import type { FieldList } from "../../http/field-list.ts";
import { parseHttpDate } from "../../http/http-date.ts";

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

/** What an answer and its request say, strictly read, and as the library is told. */
export class Said {
  readonly request: Readonly<Record<string, string>>;
  readonly response: Readonly<Record<string, string>>;
  readonly status: number;
  readonly mayBeStale: boolean;
  /** Whether s-maxage is given, which stands for proxy-revalidate as well (RFC 9111 section 5.2.2.10). */
  readonly isForSharedCaches: boolean;
  /** In seconds. */
  readonly staleIfError: number;
  /** In seconds. */
  readonly staleWhileRevalidating: number;
  /** Whether it says anything about being stored. */
  readonly saysAnything: boolean;
  /** Milliseconds, if the configuration decides; otherwise 0. */
  readonly ttl: number;

  constructor(
    { status, fields, asked, isPersonal, ttl }: Received,
    says: CacheDirectives,
    now: number,
  ) {
    const expires = fields.get("expires");
    const isUnderstood = UNDERSTOOD.has(status);
    const isExplicit = says.has("max-age") || says.has("s-maxage") || expires !== null;
    const hasNoCache =
      says.has("no-cache") ||
      (!fields.has("cache-control") && /no-cache/i.test(fields.get("pragma") ?? ""));
    this.saysAnything = says.size > 0 || expires !== null;
    this.isForSharedCaches = says.has("s-maxage");
    this.mayBeStale = !hasNoCache && !says.has("must-revalidate") && !says.has("proxy-revalidate");
    this.staleIfError = this.mayBeStale ? (deltaSeconds(says.get("stale-if-error")) ?? 0) : 0;
    this.staleWhileRevalidating = this.mayBeStale
      ? (deltaSeconds(says.get("stale-while-revalidate")) ?? 0)
      : 0;
    const isForSome = FOR_SOME_CACHES.some((name) => fields.has(name));
    const hasTtl = !isExplicit && !isForSome && !hasNoCache && WITH_TTL.has(status);
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
    if (this.staleWhileRevalidating > 0) {
      add("stale-while-revalidate", this.staleWhileRevalidating);
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

/** Statuses of which this cache knows what they mean (must-understand, RFC 9111 section 5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501,
]);

/** Those that `ttl` applies to: an error that nobody has said to keep would outlast its cause. */
const WITH_TTL: ReadonlySet<number> = new Set([200, 203, 301, 308]);

/**
 * Fields for CDNs and other surrogates (RFC 9213). This may be one or not: it does not take from them what
 * Cache-Control does not allow, but keeps to what they forbid.
 */
const FOR_SOME_CACHES = ["cdn-cache-control", "surrogate-control"] as const;

export function isForbiddenToSomeCaches(fields: FieldList): boolean {
  return FOR_SOME_CACHES.some((name) => {
    const written = fields.get(name);
    if (written === null) return false;
    const says = parseCacheControl(written);
    return says.has("no-store") || says.has("private");
  });
}
