import { FieldList } from "../../http/field-list.ts";
import { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import type { Rest } from "../../pipeline/policy.ts";
import type { Asked } from "./asked.ts";
import { Filling } from "./filling.ts";
import type { Flight } from "./flight.ts";
import type { Judge } from "./judge.ts";
import type { Places } from "./places.ts";
import { dropConditions } from "./refreshing.ts";
import { type Selecting, selectingFields } from "./selecting.ts";
import { isUnchanged, notModified, serve, type Serving } from "./serving.ts";
import { answerKey, type Shelf, type Sought } from "./shelf.ts";
import { type Forwarded, mark, type Outcome, statusField } from "./status.ts";
import type { Store, Underway } from "./store.ts";
import { StoredAnswer } from "./stored-answer.ts";
import { store } from "./storing.ts";
import type { Unshared } from "./unshared.ts";
import type { Verdict } from "./verdict.ts";

/** What fetching depends on; one for a route. */
export interface FetchServices extends Serving {
  readonly rest: Rest;
  readonly judge: Judge;
  readonly store: Store;
  readonly shelf: Shelf;
  readonly places: Places;
  /** What is known not to be worth waiting for. */
  readonly unshared: Unshared;
  /** Bytes of the largest content that is stored. */
  readonly maxEntry: number;
  /** Milliseconds for answers that say nothing of their freshness; 0 for none. */
  readonly ttl: number;
  /** Milliseconds for which a stale answer may stand in for an error. */
  readonly staleIfError: number;
}

/** A request that goes to the backend, and why. */
export interface Fetch {
  readonly exchange: Exchange;
  readonly asked: Asked;
  readonly sought: Sought;
  /** Of requests that can wait for each other. */
  readonly key: string;
  readonly why: Forwarded;
  /** What is stored, and cannot be used without asking. */
  readonly stale: StoredAnswer | undefined;
  /** Others that wait for its answer. */
  readonly flight: Flight | undefined;
}

/** Errors for which a stale answer may stand in (RFC 5861 section 4). */
const STAND_IN: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/**
 * One request to the backend whose answer may be stored:
 *
 *   304     ─▶ what is stored, updated
 *   error   ─▶ what is stored, if it may stand in for it
 *   another ─▶ passed on, and stored as far as it may be
 */
export class Fetching implements Underway {
  readonly #fetch: Fetch;
  readonly #services: FetchServices;
  /** The request before the policies after the cache have changed it. */
  readonly #before: Outgoing;
  /** Whether the backend is asked if what is stored is still the one. */
  readonly #isConfirming: boolean;
  #sentAt = 0;
  #isSpoiled = false;
  /** Whether the end comes later than the answer's header section. */
  #isArriving = false;

  constructor(fetch: Fetch, services: FetchServices) {
    this.#fetch = fetch;
    this.#services = services;
    this.#before = fetch.exchange.outgoing.copy();
    const { stale } = fetch;
    this.#isConfirming =
      stale !== undefined && stale.hasValidator && !(stale.content instanceof Filling);
  }

  spoil(): void {
    this.#isSpoiled = true;
    this.#fetch.flight?.close();
  }

  async run(): Promise<Answer> {
    const { clock, rest, store } = this.#services;
    const { exchange, stale, sought } = this.#fetch;
    this.#sentAt = clock.monotonic();
    store.began(sought.url, this);
    try {
      if (stale !== undefined && this.#isConfirming) askToConfirm(exchange.outgoing, stale);
      return this.#received(await rest.handle(exchange));
    } finally {
      if (!this.#isArriving) this.#end();
    }
  }

  /** Nothing more arrives that may be stored. */
  #end(): void {
    this.#services.store.arrived(this.#fetch.sought.url, this);
    this.#fetch.flight?.land(undefined);
  }

  #received(answer: Answer): Answer {
    const { stale } = this.#fetch;
    if (stale !== undefined) {
      if (answer.status === 304 && this.#isConfirming) return this.#confirmed(stale, answer);
      if (STAND_IN.has(answer.status) && this.#mayStandIn(stale)) {
        return this.#standIn(stale, answer);
      }
    }
    return this.#passOn(answer);
  }

  /** The backend says that the stored answer is still the one (RFC 9111 section 4.3.4). */
  #confirmed(stale: StoredAnswer, answer: Answer): Answer {
    const { clock, shelf } = this.#services;
    const outcome: Outcome = { why: this.#fetch.why, status: answer.status };
    shelf.counts.revalidated += 1;
    if (!stale.isValidatedBy(answer.fields)) {
      // It is about another one, which is not here: the next request gets that.
      shelf.remove(stale);
      return this.#serve(stale, outcome);
    }
    const fields = stale.fieldsUpdatedBy(answer.fields, clock.wall());
    const { status, statusText, content } = stale;
    const verdict = this.#judge(status, fields, false);
    const storing = { status, statusText, fields, content, verdict: verdict ?? stale.verdict };
    const updated = new StoredAnswer(storing, clock.wall());
    shelf.remove(stale);
    if (verdict !== undefined && this.#put(updated, selectingFields(fields))) {
      this.#fetch.flight?.land({ answer: updated, isStale: false });
    }
    return this.#serve(updated, outcome);
  }

  #mayStandIn({ verdict }: StoredAnswer): boolean {
    if (!verdict.mayBeStale || this.#fetch.asked.wantsOwn) return false;
    const { clock, staleIfError } = this.#services;
    const allowed = verdict.mayBeStaleUnasked ? staleIfError : 0;
    const longest = Math.max(allowed, verdict.staleIfError);
    return longest > 0 && clock.monotonic() - verdict.freshUntil <= longest;
  }

  #standIn(stale: StoredAnswer, answer: Answer): Answer {
    const { clock, shelf } = this.#services;
    const { exchange, flight } = this.#fetch;
    answer.discard(new Error("a stored answer stands in for it"));
    exchange.recover();
    shelf.counts.stale += 1;
    flight?.land({ answer: stale, isStale: true });
    const ttl = stale.ttl(clock.monotonic());
    return this.#serve(stale, {
      why: "stale",
      status: answer.status,
      ttl,
      detail: "stale-if-error",
    });
  }

  #passOn(answer: Answer): Answer {
    const { exchange, asked, stale, why, key, flight } = this.#fetch;
    const { clock, places, shelf, unshared } = this.#services;
    const passed = this.#store(answer);
    if (passed !== undefined) unshared.delete(key);
    else if (answer.status < 500) {
      if (flight !== undefined) unshared.add(key);
      // What one user gets says nothing of what others do.
      if (stale !== undefined && !places.isPersonal(exchange, this.#before)) shelf.remove(stale);
    }
    const marked = mark(passed ?? answer, exchange, { why, stored: passed !== undefined });
    // The client's own conditions have not been sent.
    const isUnasked = this.#isConfirming && asked.isConditional && answer.status === 200;
    if (!isUnasked || !isUnchanged(answer.fields, asked, clock.wall())) return marked;
    marked.discard(undefined);
    return notModified(marked.fields.list);
  }

  /** Stores an answer as far as it may be. */
  #store(answer: Answer): Answer | undefined {
    const { clock, maxEntry, places, shelf } = this.#services;
    const { exchange, asked, flight } = this.#fetch;
    const { status, statusText, body, fields, tunnel } = answer;
    // What is said of a part is not said of the whole.
    if (asked.range !== null && !this.#isConfirming && status !== 200) return undefined;
    const names = selectingFields(fields);
    if (names === undefined || exchange.errorCode !== undefined || tunnel !== undefined) {
      return undefined;
    }
    // Events are for whoever listens at the time, and do not end.
    if (/^text\/event-stream\b/i.test(fields.get("content-type") ?? "")) return undefined;
    const verdict = this.#judge(status, fields, places.isPersonal(exchange, this.#before));
    if (verdict === undefined) return undefined;
    const own = new FieldList([...fields.list]);
    const passed = store(body, {
      exchange,
      shelf,
      serving: this.#services,
      maxEntry,
      make: (content) =>
        new StoredAnswer({ status, statusText, fields: own, content, verdict }, clock.wall()),
      put: (stored) => this.#put(stored, names),
      settle: (stored) => flight?.land(stored && { answer: stored, isStale: false }),
      end: () => this.#end(),
    });
    if (passed === undefined) return undefined;
    this.#isArriving = true;
    return new Answer(passed, answer);
  }

  /** What may be done with an answer; undefined if it must not be stored. */
  #judge(status: number, fields: FieldList, isPersonal: boolean): Verdict | undefined {
    if (this.#isSpoiled) return undefined;
    const { judge, places } = this.#services;
    const ttl = places.isByUnknownCookie(this.#before) ? 0 : this.#services.ttl;
    const asked = this.#fetch.asked.directives;
    return judge.verdictOn({ status, fields, sentAt: this.#sentAt, asked, isPersonal, ttl });
  }

  /** False if it cannot be stored. */
  #put(answer: StoredAnswer, names: Selecting | undefined): boolean {
    if (this.#isSpoiled || names === undefined) return false;
    const { url, partition } = this.#fetch.sought;
    const key = answerKey(names, partition, { outgoing: this.#before });
    return this.#services.shelf.put(answer, url, names, key);
  }

  #serve(stored: StoredAnswer, outcome: Outcome): Answer {
    const { exchange, asked } = this.#fetch;
    exchange.cache = outcome.why;
    return serve(stored, exchange, asked, statusField(outcome), this.#services);
  }
}

/** Has the backend say whether a stored answer is still the one (RFC 9111 section 4.3.1). */
function askToConfirm(outgoing: Outgoing, { etag, lastModified }: StoredAnswer): void {
  dropConditions(outgoing);
  if (etag !== undefined) outgoing.set("if-none-match", etag);
  if (lastModified !== undefined) outgoing.set("if-modified-since", lastModified);
}
