import { isLoopbackHost } from "../../../../http/address.ts";
import type { Scheme } from "../../../../http/forwarded.ts";
import { isValidHost } from "../../../../http/host.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import { Memo } from "../../../../units/memo.ts";

/**
 * The addresses at which browsers reach the gateway. An issuer sends people back there, with what logs
 * them in, so a client's Host alone decides nothing.
 */
export class Origins {
  readonly #configured: readonly URL[];
  /** The origin that is configured for the one that was asked for; null if there is none. */
  readonly #known: Memo<URL | null>;

  /** None, if requests tell. */
  constructor(configured: readonly string[]) {
    this.#configured = configured.map((origin) => new URL(origin));
    this.#known = new Memo((asked) => this.#find(asked), { most: 1_000, longestKey: 300 });
  }

  /** The scheme that the browser speaks. */
  scheme(exchange: Exchange): Scheme {
    if (this.#configured.length === 0) return exchange.client.protocol;
    const known = this.#for(exchange);
    if (known === null) return exchange.client.protocol;
    return known.protocol === "https:" ? "https" : "http";
  }

  /**
   * The origin that the browser sees; undefined if it cannot be relied on. Without a configured one that
   * is the Host of a request by TLS to the gateway itself, because the browser has checked a certificate
   * for this host, and a loopback host.
   */
  of(exchange: Exchange): string | undefined {
    if (this.#configured.length > 0) return this.#for(exchange)?.origin;
    const asked = parsed(askedOrigin(exchange));
    if (asked === undefined) return undefined;
    const { client, request } = exchange;
    const isVerified = request.connection.tls !== undefined && !client.viaTrustedProxy;
    return isVerified || isLoopbackHost(asked.hostname) ? asked.origin : undefined;
  }

  #for(exchange: Exchange): URL | null {
    const [first, second] = this.#configured;
    // The only one counts whatever a request says: some proxies pass on neither scheme nor host.
    if (first !== undefined && second === undefined) return first;
    return this.#known.of(askedOrigin(exchange));
  }

  #find(origin: string): URL | null {
    const asked = parsed(origin);
    const isThere = (one: URL) => one.origin === asked?.origin;
    // Some proxies do not pass on the scheme.
    const hasTheHost = (one: URL) => one.host === asked?.host;
    return this.#configured.find(isThere) ?? this.#configured.find(hasTheHost) ?? null;
  }
}

function askedOrigin({ client, fields, target }: Exchange): string {
  const { protocol, host, viaTrustedProxy } = client;
  const forwarded = viaTrustedProxy ? fields.xForwardedHost : null;
  const isOne = forwarded !== null && isValidHost(forwarded);
  return `${protocol}://${host ?? (isOne ? forwarded : target.host)}`;
}

function parsed(origin: string): URL | undefined {
  return URL.parse(origin) ?? undefined;
}
