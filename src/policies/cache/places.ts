import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import { keyTemplate } from "../../pipeline/text-places.ts";
import type { ParsedText, Placeholder, Template } from "../../pipeline/placeholders.ts";
import type { Sought } from "./shelf.ts";

/** Finds out where the answer to a request is kept: by its URL, and by what the route tells requests apart by. */
export class Places {
  /** Undefined if requests are told apart by their URLs alone. */
  readonly #partition: Template | undefined;
  /** What the partition is made of. */
  readonly #sources: ReadonlySet<string>;
  /** Whether it is made of something that is known of the user. */
  readonly #isByUser: boolean;

  constructor(varyBy: readonly ParsedText[]) {
    const placeholders = varyBy.flatMap(({ parts }) => parts.filter(isPlaceholder));
    this.#sources = new Set(placeholders.map(keyOf));
    this.#isByUser = placeholders.some(({ source }) => source.startsWith("auth."));
    // Two providers may know different people by one subject.
    const all = this.#isByUser ? [...placeholders, PROVIDER] : placeholders;
    const parts = all.length === 1 ? all : all.flatMap((placeholder) => [placeholder, " "]);
    this.#partition = all.length === 0 ? undefined : keyTemplate({ text: "", parts });
  }

  of(exchange: Exchange): Sought {
    let partition = this.#partition?.text(exchange) ?? "";
    const { client, fields, target } = exchange;
    if (client.viaTrustedProxy) {
      // Backends make links of what a trusted proxy says its client asked for.
      const host = fields.xForwardedHost ?? client.host;
      if (host !== undefined && host !== target.host) partition += `\0${host}`;
    }
    return { url: urlOf(exchange), partition, exchange };
  }

  /**
   * Whether the answer can depend on who asks, in another way than by what requests are told apart by.
   * `outgoing`: what the backend gets, before the policies after the cache.
   */
  isPersonal({ identity, request, client }: Exchange, outgoing: Outgoing): boolean {
    const certificate = client.viaTrustedProxy ? undefined : request.connection.tls?.certificate;
    return (
      (identity !== undefined && !this.#isByUser) ||
      (certificate !== undefined && !this.#has("client.certificate.subject")) ||
      (outgoing.get("authorization") !== null && !this.#has("header.authorization"))
    );
  }

  /** The same of a cookie, which often is a session's. */
  isByUnknownCookie(outgoing: Outgoing): boolean {
    if (outgoing.get("cookie") === null || this.#has("header.cookie")) return false;
    return ![...this.#sources].some((key) => key.startsWith("cookie."));
  }

  #has(key: string): boolean {
    return this.#sources.has(key);
  }
}

const PROVIDER: Placeholder = { source: "auth.provider", name: "", offset: 0 };

function isPlaceholder(part: string | Placeholder): part is Placeholder {
  return typeof part !== "string";
}

function keyOf({ source, name }: Placeholder): string {
  return name === "" ? source : `${source}.${name}`;
}

/** The URL of a request, as stored answers are found by it. */
function urlOf({ client, target, outgoingRules }: Exchange): string {
  const { path, writtenPath, query } = target;
  const written = outgoingRules.preservePath === true ? (writtenPath ?? path) : path;
  return urlWith(client.protocol, target.host, written, query);
}

export function urlWith(scheme: string, host: string, path: string, query: string): string {
  return `${scheme}://${host.toLowerCase()}${path}${query}`;
}
