import { TlsKeys } from "./tls-keys.ts";

/**
 * The version of HTTP that backends are asked in. `auto` is HTTP/2 over TLS if the backend chooses it
 * in the handshake (ALPN), otherwise HTTP/1.1.
 */
export type BackendProtocol = "http1" | "http2" | "http3" | "auto";

/** How an upstream's backends are reached, whatever their addresses. */
export interface Reach {
  readonly protocol: BackendProtocol;
  /** The egress proxy's URL; undefined if backends are dialled directly. */
  readonly proxy: string | undefined;
  /** Milliseconds for opening a connection, name lookup and TLS handshake included; 0 sets no limit. */
  readonly connectTimeout: number;
}

/** Where a backend is and how it is reached: all that its connections depend on. */
export interface Destination extends Reach {
  /** Scheme, host and port; "http://localhost" for a Unix socket. */
  readonly origin: string;
  /** The path of a Unix socket; undefined for TCP. */
  readonly socketPath: string | undefined;
  /** Undefined without TLS. */
  readonly tls: Bun.TLSOptions | undefined;
  /** Whether its connections are for upgrades, which an egress proxy knows nothing of. */
  readonly isForUpgrades: boolean;
}

/** The same destination for upgrades, which only HTTP/1.1 has. */
export function forUpgrades(to: Destination): Destination {
  const isAlike = to.protocol === "http1" && to.proxy === undefined;
  return isAlike ? to : { ...to, protocol: "http1", isForUpgrades: true };
}

/** What applies to upstreams that do not say otherwise. */
export const DEFAULT_REACH: Reach = {
  protocol: "http1",
  proxy: undefined,
  connectTimeout: 5_000,
};

/** Keys of destinations, equal for equal ones. Each is computed once per object. */
export class DestinationKeys {
  readonly #keys = new WeakMap<Destination, string>();
  readonly #tlsKeys = new TlsKeys();

  of(to: Destination): string {
    let key = this.#keys.get(to);
    if (key === undefined) {
      const { origin, socketPath, protocol, proxy, connectTimeout, tls, isForUpgrades } = to;
      const tlsKey = tls && this.#tlsKeys.of(tls);
      const parts = [origin, socketPath, protocol, proxy, connectTimeout, tlsKey, isForUpgrades];
      key = JSON.stringify(parts);
      this.#keys.set(to, key);
    }
    return key;
  }
}

/** Why a backend with a valid URL cannot be reached in this way; undefined if it can. */
export function checkReach(
  url: string,
  { protocol, proxy }: { readonly protocol?: BackendProtocol; readonly proxy?: string | undefined },
): string | undefined {
  const isUnix = /^unix:/i.test(url);
  if (isUnix && proxy !== undefined) {
    return "a Unix socket cannot be reached through a `proxy`; leave the proxy out, or write the backend's http:// URL";
  }
  if (protocol !== "http3" || /^https:/i.test(url)) return undefined;
  return isUnix
    ? "HTTP/3 does not run over Unix sockets; choose another `protocol`"
    : `HTTP/3 is always encrypted; write \`${url.replace(/^http:/i, "https:")}\`, or choose another \`protocol\``;
}

/** Why these two exclude each other; undefined if they do not. */
export function checkProxiedProtocol(protocol: BackendProtocol): string | undefined {
  return protocol === "http3"
    ? "HTTP/3 cannot go through a `proxy`; leave out one of the two, or choose another `protocol`"
    : undefined;
}

/** The path of a Unix socket in a URL like unix:/run/app.sock; undefined for other URLs. */
export function socketPathOf(url: string): string | undefined {
  return /^unix:(?:\/\/(?=\/))?(\/.*)$/.exec(url)?.[1];
}
