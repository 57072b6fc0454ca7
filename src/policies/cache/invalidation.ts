import { safeMethods } from "../../http/methods.ts";
import { targetOf } from "../../http/target.ts";
import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Policy } from "../../pipeline/policy.ts";
import { urlWith } from "./places.ts";
import type { Store } from "./store.ts";

/**
 * Removes stored answers that a request may have made invalid, on whichever route it was (RFC 9111
 * section 4.4): those for its own URL, and for the URLs on the same origin that its answer names.
 */
export class Invalidation implements Policy {
  readonly name = "cache";
  readonly shownAs = "";
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  response(exchange: Exchange, answer: Answer): undefined {
    const { method } = exchange;
    if (method === "GET" || safeMethods.has(method)) return;
    if (answer.status >= 200 && answer.status < 400) this.#invalidate(exchange, answer);
  }

  #invalidate({ client, target }: Exchange, { fields }: Answer): void {
    const { host, path, writtenPath, decodedPath, query } = target;
    // Routes differ in which of these they take for the path.
    for (const form of new Set([path, writtenPath, decodedPath])) {
      if (form !== undefined) this.store.invalidate(urlWith(client.protocol, host, form, query));
    }
    const own = `${client.protocol}://${host}${path}`;
    for (const name of ["location", "content-location"]) {
      const named = fields.get(name);
      const url = named === null ? null : URL.parse(named, own);
      if (url === null || url.origin !== URL.parse(own)?.origin) continue;
      const there = targetOf("GET", url.pathname + url.search, host);
      this.store.invalidate(urlWith(client.protocol, host, there.path, there.query));
    }
  }
}
