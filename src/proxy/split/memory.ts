import type { FieldList } from "../../http/field-list.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { latestKnown } from "../../upstream/sticky/cookie-value.ts";
import type { StickyConfig } from "../../upstream/sticky/schema.ts";
import { StickyCookie, type StickyServices } from "../../upstream/sticky/sticky-cookie.ts";

/** Remembers by a cookie which upstream of a split a client was given. */
export class SplitMemory {
  readonly #cookie: StickyCookie;
  readonly #ids: readonly string[];
  /** By their ids. */
  readonly #indexes: ReadonlyMap<string, number>;

  /** `names`: of the split's upstreams, in their order. */
  constructor(names: readonly string[], config: StickyConfig, services: StickyServices) {
    this.#cookie = new StickyCookie(config, services);
    this.#ids = names.map((name) => this.#cookie.idOf(`upstream ${name}`));
    this.#indexes = new Map(this.#ids.map((id, index) => [id, index]));
  }

  /** The index of the client's upstream; -1 if it has none. */
  remembered(exchange: Exchange): number {
    return latestKnown(this.#cookie.read(exchange).ids, this.#indexes) ?? -1;
  }

  /** Takes the cookie out of what backends get: it is not theirs. */
  hide(exchange: Exchange): void {
    this.#cookie.hide(exchange);
  }

  /** Has an answer remember an upstream, unless the client's cookie does. */
  remember(exchange: Exchange, fields: FieldList, at: number): void {
    const value = this.#cookie.read(exchange);
    const id = this.#ids[at];
    if (id === undefined || (this.remembered(exchange) === at && !this.#cookie.isOld(value)))
      return;
    this.#cookie.set(exchange, fields, value, id);
  }
}
