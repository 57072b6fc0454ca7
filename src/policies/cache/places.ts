import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import { placeholdersIn, writtenPlaceholder } from "../../pipeline/parsed-texts.ts";
import { asText, keyTemplate } from "../../pipeline/text-places.ts";
import { type ParsedText, type Placeholder, Template } from "../../pipeline/placeholders.ts";
import type { Sought } from "./shelf.ts";

/**
 * Finds out where the answer to a request is kept: by its URL, and by what else the route tells requests
 * apart by. That is what the operator says (`vary_by`), and what is put into the request or the answer
 * after the cache, or one client would get what was made for another.
 */
export class Places {
  /** Undefined if requests are told apart by their URLs alone. */
  readonly #partition: Template | undefined;
  /** What the operator tells requests apart by. */
  readonly #said: ReadonlySet<string>;
  /** What the operator tells users apart by, without anything else; undefined for nothing. */
  readonly #byUser: Template | undefined;

  constructor(varyBy: readonly ParsedText[], behind: readonly Placeholder[]) {
    const said = placeholdersIn(varyBy);
    this.#said = new Set(said.map(writtenPlaceholder));
    const ofUser = said.filter(({ source }) => source.startsWith("auth."));
    this.#byUser = ofUser.length === 0 ? undefined : new Template({ parts: ofUser }, asText);
    const all = new Map<string, Placeholder>(
      said.map((placeholder) => [writtenPlaceholder(placeholder), placeholder]),
    );
    for (const placeholder of behind) {
      if (!NOT_OF_THE_CLIENT.has(placeholder.source))
        all.set(writtenPlaceholder(placeholder), placeholder);
    }
    // Two providers may know different people by one subject.
    const isByUser = [...all.values()].some(({ source }) => source.startsWith("auth."));
    if (isByUser) all.set(PROVIDER.source, PROVIDER);
    const parts = [...all.values()].flatMap((placeholder) => [placeholder, " "]);
    this.#partition = all.size === 0 ? undefined : keyTemplate({ text: "", parts });
  }

  /** `variant`: which of several answers the route's end has for it. */
  of(exchange: Exchange, variant: string): Sought {
    let partition = this.#partition?.text(exchange) ?? "";
    // Neither values nor hosts have this in them.
    if (variant !== "") partition += `\0#${variant}`;
    const { client, fields, target } = exchange;
    if (client.viaTrustedProxy) {
      // Backends make links of what a trusted proxy says its client asked for.
      const host = fields.xForwardedHost ?? client.host;
      if (host !== undefined && host !== target.host) partition += `\0${host}`;
    }
    return { url: urlOf(exchange), partition, exchange };
  }

  /** Tells requests apart whose answers cannot all be stored, in addition to where they would be. */
  kindOf(exchange: Exchange): string {
    const { outgoing } = exchange;
    const isPersonal = this.isPersonal(exchange, outgoing);
    return `${isPersonal ? "personal" : ""}${this.isByUnknownCookie(outgoing) ? " cookie" : ""}`;
  }

  /**
   * Whether the answer can depend on who asks, in another way than by what requests are told apart by.
   * Users of whom that is not known are not told apart: tokens may have no subject, certificates no name.
   * `outgoing`: what the backend gets, before the policies after the cache.
   */
  isPersonal(exchange: Exchange, outgoing: Outgoing): boolean {
    const { identity, request, client } = exchange;
    const certificate = client.viaTrustedProxy ? undefined : request.connection.tls?.certificate;
    const isByName = this.#said.has("client.certificate.subject");
    return (
      (identity !== undefined && !this.#isToldApart(exchange)) ||
      (certificate !== undefined && !(isByName && certificate.subject !== "")) ||
      (outgoing.get("authorization") !== null && !this.#said.has("header.authorization"))
    );
  }

  /** The same of a cookie, which often is a session's. */
  isByUnknownCookie(outgoing: Outgoing): boolean {
    if (outgoing.get("cookie") === null || this.#said.has("header.cookie")) return false;
    return ![...this.#said].some((key) => key.startsWith("cookie."));
  }

  /** From other users, by what the operator says. */
  #isToldApart(exchange: Exchange): boolean {
    return this.#byUser !== undefined && this.#byUser.text(exchange) !== "";
  }
}

const PROVIDER: Placeholder = { source: "auth.provider", name: "", offset: 0 };

/** What is part of the URL, the same for all clients of the route, or another one for each request. */
const NOT_OF_THE_CLIENT: ReadonlySet<string> = new Set([
  "request.id",
  "request.method",
  "request.path",
  "request.query",
  "request.host",
  "request.hostname",
  "request.scheme",
  "path",
  "query",
  "route",
  "backend.url",
  "trace.id",
] satisfies Placeholder["source"][]);

/** The URL of a request, as stored answers are found by it. */
function urlOf({ client, target, outgoingRules }: Exchange): string {
  const { path, writtenPath, query } = target;
  const written = outgoingRules.preservePath === true ? (writtenPath ?? path) : path;
  return urlWith(client.protocol, target.host, written, query);
}

export function urlWith(scheme: string, host: string, path: string, query: string): string {
  return `${scheme}://${host.toLowerCase()}${path}${query}`;
}
