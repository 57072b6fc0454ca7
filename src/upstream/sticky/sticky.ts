import type { FieldList } from "../../http/field-list.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Backend } from "../backend.ts";
import type { Balancer } from "../balancers/balancer.ts";
import { latestKnown } from "./cookie-value.ts";
import type { StickyConfig } from "./schema.ts";
import { isForEveryone } from "../../http/shared-caches.ts";
import { StickyCookie, type StickyServices } from "./sticky-cookie.ts";

/** What the cookie of an answer depends on. */
interface MarkedAnswer {
  readonly status: number;
  readonly fields: FieldList;
}

/**
 * Keeps a client with the backend that has answered it, by a cookie; whom it has not seen, whose backend
 * is gone, unhealthy or full, and further attempts are left to another balancer. The cookie names a
 * backend by its URL, so routes that have the same backends know each other's clients.
 */
export class Sticky implements Balancer {
  readonly #balancer: Balancer;
  readonly #cookie: StickyCookie;
  #ids = new Map<string, string>();
  /** Those that get requests. */
  #byId = new Map<string, Backend>();

  constructor(balancer: Balancer, config: StickyConfig, services: StickyServices) {
    this.#balancer = balancer;
    this.#cookie = new StickyCookie(config, services);
  }

  balance(healthy: readonly Backend[]): void {
    const before = this.#ids;
    this.#ids = new Map(healthy.map(({ url }) => [url, before.get(url) ?? this.#makeId(url)]));
    this.#byId = new Map(healthy.map((backend) => [this.#idOf(backend), backend]));
    this.#balancer.balance(healthy);
  }

  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    const known = latestKnown(this.#cookie.read(exchange).ids, this.#byId);
    if (known !== undefined && !known.isFull && except?.has(known) !== true) return known;
    return except === undefined
      ? this.#balancer.pick(exchange)
      : this.#balancer.pick(exchange, except);
  }

  /** Takes the cookie out of what backends get: it is not theirs. */
  hide(exchange: Exchange): void {
    this.#cookie.hide(exchange);
  }

  /**
   * Sets the cookie in a backend's answer, unless the client's one says the same. A client that has seen
   * nothing of a backend but a failure of the server is not bound to it; and an answer that is for
   * everyone begins no session, and stays one that caches may keep.
   */
  mark(exchange: Exchange, backend: Backend, { status, fields }: MarkedAnswer): void {
    if (status >= 500) return;
    const value = this.#cookie.read(exchange);
    const id = this.#idOf(backend);
    const isNamed = latestKnown(value.ids, this.#byId) === backend || value.ids.at(-1) === id;
    if ((isNamed && !this.#cookie.isOld(value)) || isForEveryone(fields)) return;
    this.#cookie.set(exchange, fields, value, id);
  }

  #idOf({ url }: Backend): string {
    return this.#ids.get(url) ?? this.#makeId(url);
  }

  #makeId(url: string): string {
    return this.#cookie.idOf(`backend ${url}`);
  }
}
