import type { FieldList } from "../../http/field-list.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { StickyConfig } from "../../upstream/sticky/schema.ts";
import { StickyCookie, type StickyServices } from "../../upstream/sticky/sticky-cookie.ts";

/** Remembers by a cookie which upstream of a split a client was given. */
export class SplitMemory {
  readonly #cookie: StickyCookie;
  readonly #ids: readonly string[];

  /** `names`: of the split's upstreams, in their order. */
  constructor(names: readonly string[], config: StickyConfig, services: StickyServices) {
    this.#cookie = new StickyCookie(config, services);
    this.#ids = names.map((name) => this.#cookie.idOf(`upstream ${name}`));
  }

  /** The index of the client's upstream; -1 if it has none. */
  remembered(exchange: Exchange): number {
    const { ids } = this.#cookie.read(exchange);
    for (let at = ids.length - 1; at >= 0; at -= 1) {
      const found = this.#ids.indexOf(ids[at] ?? "");
      if (found !== -1) return found;
    }
    return -1;
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
