import type { Answer } from "../../pipeline/answer.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Policy, Rest } from "../../pipeline/policy.ts";
import { Asked, NOTHING_ASKED } from "./asked.ts";
import { type Fetch, Fetching, type FetchServices } from "./fetching.ts";
import type { Flight, Flights } from "./flight.ts";
import { updateByHead } from "./head.ts";
import { refreshing } from "./refreshing.ts";
import { serve } from "./serving.ts";
import type { Shelf, Sought } from "./shelf.ts";
import { type Forwarded, mark, statusField } from "./status.ts";
import type { Store } from "./store.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** What a route's cache depends on. */
export interface CacheServices extends Omit<FetchServices, "rest"> {
  readonly flights: Flights;
}

/** Stands for the rest of the route until that is known. */
const NOWHERE: Rest = {
  handle() {
    throw new Error("the route is not complete yet");
  },
  hasVariants: false,
  variantOf: () => "",
};

/**
 * A shared cache for one route (RFC 9111):
 *
 *   request ─▶ stored and fresh ─▶ answered
 *          ├─▶ another one asks for the same ─▶ waits for its answer
 *          └─▶ rest of the route ─▶ passed on, and stored
 */
export class ResponseCache implements Policy {
  readonly name = "cache";
  readonly shelf: Shelf;
  readonly store: Store;
  readonly #services: CacheServices;
  #fetching: FetchServices;

  constructor(services: CacheServices) {
    this.#services = services;
    this.#fetching = { ...services, rest: NOWHERE };
    this.shelf = services.shelf;
    this.store = services.store;
  }

  leadsTo(rest: Rest): void {
    this.#fetching = { ...this.#services, rest };
  }

  /** Requests that wait for what others have asked. */
  get waiting(): number {
    return this.#services.flights.waiting;
  }

  request(exchange: Exchange): Answer | undefined | Promise<Answer | undefined> {
    const { method, fields, request } = exchange;
    if (method !== "GET" && method !== "HEAD") return undefined;
    if (request.content !== undefined || fields.upgrade !== null) {
      return this.#pass(exchange, "bypass");
    }
    const { clock, places, shelf } = this.#services;
    const asked = new Asked(fields.all);
    const { rest } = this.#fetching;
    const variant = rest.hasVariants ? rest.variantOf(exchange) : "";
    const sought = places.of(exchange, variant);
    const stored = shelf.find(sought);
    if (stored === undefined || !asked.leavesItToTheCache || !stored.isFreshAt(clock.monotonic())) {
      return this.#decide(exchange, asked, sought, stored);
    }
    return this.#hit(exchange, asked, stored);
  }

  response(exchange: Exchange, answer: Answer): undefined {
    // Those of GET and HEAD have been marked.
    const { method } = exchange;
    if (method !== "GET" && method !== "HEAD") mark(answer, exchange, { why: "method" });
  }

  #hit(exchange: Exchange, asked: Asked, stored: StoredAnswer): Answer {
    const { clock, shelf } = this.#services;
    shelf.touch(stored);
    shelf.counts.hits += 1;
    exchange.cache = "hit";
    return serve(stored, exchange, asked, stored.hitField(clock.monotonic()), this.#services);
  }

  /** For all but the plainest of hits. */
  #decide(
    exchange: Exchange,
    asked: Asked,
    sought: Sought,
    stored: StoredAnswer | undefined,
  ): Answer | Promise<Answer> {
    if (asked.isForOrigin) return this.#pass(exchange, "bypass");
    const { directives } = asked;
    const use = stored?.verdict.useFor(directives) ?? "none";
    if (stored !== undefined && use !== "none") {
      if (use !== "fresh") this.#services.shelf.counts.stale += 1;
      if (use === "while_revalidating") this.#refresh(exchange, sought, stored);
      return this.#hit(exchange, asked, stored);
    }
    if (directives.has("only-if-cached")) {
      throw new GatewayError(
        "not_cached",
        "nothing is stored that this request could be answered by",
      );
    }
    return this.#ask(exchange, asked, sought, stored);
  }

  /** Goes to the backend, or waits for another request that does. `isAlone`: waits for none any more. */
  #ask(
    exchange: Exchange,
    asked: Asked,
    sought: Sought,
    stored: StoredAnswer | undefined,
    isAlone = false,
  ): Answer | Promise<Answer> {
    const { flights, places, shelf, unshared } = this.#services;
    const key = `${shelf.keyOf(sought)}\0${places.kindOf(exchange)}`;
    const present = flights.get(key);
    if (present !== undefined && !isAlone && !present.isFull && !asked.wantsOwn) {
      return this.#wait(present, exchange, asked, sought);
    }
    shelf.counts.misses += 1;
    const why = this.#reason(sought, stored);
    if (exchange.method === "HEAD") return this.#askForHead(exchange, asked, stored, why);
    // What answers the client's own conditions, or a part, is no answer for others.
    const isSpecial =
      asked.directives.has("no-store") ||
      (stored?.hasValidator !== true && (asked.isConditional || asked.range !== null));
    const isShared = !isSpecial && present === undefined && !isAlone && !unshared.has(key);
    const flight = isShared ? flights.begin(key, exchange) : undefined;
    return this.#fetch({ exchange, asked, sought, key, why, stale: stored, flight });
  }

  async #wait(flight: Flight, exchange: Exchange, asked: Asked, sought: Sought): Promise<Answer> {
    const { clock, shelf } = this.#services;
    const landed = await flight.wait(exchange);
    const stored = shelf.find(sought);
    if (stored === undefined || landed === undefined) {
      // An answer for other fields of the request (Vary) has shown by which others can wait for each other.
      return this.#ask(exchange, asked, sought, stored, landed === undefined);
    }
    const isUsable =
      stored.isFreshAt(clock.monotonic()) || (landed.isStale && stored === landed.answer);
    if (!isUsable) return this.#ask(exchange, asked, sought, stored, true);
    shelf.touch(stored);
    shelf.counts.collapsed += 1;
    exchange.cache = "collapsed";
    const why = landed.isStale ? "stale" : "uri-miss";
    return serve(stored, exchange, asked, statusField({ why, collapsed: true }), this.#services);
  }

  /** HEAD is not stored, but says something of what is (RFC 9111 section 4.3.5). */
  async #askForHead(
    exchange: Exchange,
    asked: Asked,
    stored: StoredAnswer | undefined,
    why: Forwarded,
  ): Promise<Answer> {
    const sentAt = this.#services.clock.monotonic();
    const before = exchange.outgoing.copy();
    const answer = await this.#fetching.rest.handle(exchange);
    if (stored !== undefined && !asked.isConditional) {
      updateByHead(stored, { answer, exchange, asked, before, sentAt }, this.#services);
    }
    return mark(answer, exchange, { why });
  }

  #reason({ url }: Sought, stored: StoredAnswer | undefined): Forwarded {
    const { clock, shelf } = this.#services;
    if (stored === undefined) return shelf.knows(url) ? "vary-miss" : "uri-miss";
    return stored.isFreshAt(clock.monotonic()) ? "request" : "stale";
  }

  /** Fetches a new answer for nobody in particular, while the stored one is still used. */
  #refresh(exchange: Exchange, sought: Sought, stale: StoredAnswer): void {
    const { flights, places, shelf, unshared } = this.#services;
    const key = `${shelf.keyOf(sought)}\0${places.kindOf(exchange)}`;
    if (flights.get(key) !== undefined || unshared.has(key)) return;
    const fork = refreshing(exchange);
    const flight = flights.begin(key, fork);
    const fetch = {
      exchange: fork,
      asked: NOTHING_ASKED,
      sought,
      key,
      why: "stale",
      stale,
      flight,
    } as const;
    void this.#fetch(fetch).then(
      (answer) => {
        answer.discard(undefined);
        fork.ended();
      },
      () => fork.ended(),
    );
  }

  #fetch(fetch: Fetch): Promise<Answer> {
    return new Fetching(fetch, this.#fetching).run();
  }

  #pass(exchange: Exchange, why: Forwarded): Answer | Promise<Answer> {
    const answer = this.#fetching.rest.handle(exchange);
    return answer instanceof Promise
      ? answer.then((one) => mark(one, exchange, { why }))
      : mark(answer, exchange, { why });
  }
}
