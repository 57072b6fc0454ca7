import CachePolicy from "http-cache-semantics";
import { deltaSeconds, MOST_SECONDS, parseCacheControl } from "../../http/cache-control.ts";
import type { FieldList } from "../../http/field-list.ts";
import { parseHttpDate } from "../../http/http-date.ts";
import type { Clock } from "../../time/clock.ts";
import { isForbiddenToSomeCaches, type Received, Said } from "./said.ts";
import { Verdict } from "./verdict.ts";

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
    const { fields, ttl } = received;
    const cacheControl = fields.get("cache-control");
    if (cacheControl === null && ttl === 0 && !fields.has("expires")) return undefined;
    const says = parseCacheControl(cacheControl);
    // Sooner than the library would say so: most answers that are not stored are these.
    if (says.has("private") || (says.has("no-store") && !says.has("must-understand"))) {
      return undefined;
    }
    if (isForbiddenToSomeCaches(fields)) return undefined;
    const clock = this.#clock;
    const said = new Said(received, says, clock.wall());
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
    // A slow answer, or one with max-age=0, may be stale already and still be used for a while.
    const usableStale = Math.max(said.staleWhileRevalidating, said.staleIfError) * 1_000;
    const isUsable = verdict.freshUntil + usableStale > clock.monotonic();
    return isUsable || (said.saysAnything && hasValidator(received.fields)) ? verdict : undefined;
  }
}

/**
 * Answers that are not whole, or that say more of one request or client than of what was asked for, even
 * if a backend says the same of all its answers: one client would have them in place of what others get.
 */
const NEVER: ReadonlySet<number> = new Set([
  101, 206, 304, 400, 401, 403, 407, 408, 411, 412, 413, 415, 416, 417, 421, 422, 425, 426, 428,
  429, 431, 511,
]);

function hasValidator(fields: FieldList): boolean {
  return fields.has("etag") || fields.has("last-modified");
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
