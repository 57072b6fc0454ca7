import { isIP } from "node:net";
import { normalizeAddress } from "./address.ts";
import type { AddressSet } from "./address-set.ts";
import { isValidHost } from "./host.ts";
import type { RequestFields } from "./request-fields.ts";

export type Scheme = "http" | "https";

/** The client, as far as it can be known. */
export interface ClientIdentity {
  /** The address of the peer on the socket: the client, or the last proxy before the gateway. */
  readonly peer: string;
  /** The client's address: IPv4 or IPv6 text, never an IPv4-mapped IPv6 address. */
  readonly address: string;
  /** The scheme that the client used, as far as it can be known. */
  readonly protocol: Scheme;
  /** The scheme of the peer's own connection. */
  readonly peerProtocol: Scheme;
  /** The host that the client asked for, if a trusted proxy's Forwarded field reports it. */
  readonly host?: string | undefined;
  /** True when the peer is a trusted proxy, so that its forwarding fields count. */
  readonly viaTrustedProxy: boolean;
}

/**
 * Finds the client's address. By default no peer is trusted, and the client is the peer on the socket.
 * Behind trusted proxies X-Forwarded-For, or without it Forwarded, is read from right to left and the
 * first address that is not trusted is the client; text that is not an address ends the search at the
 * address before it. Scheme and host are those reported for the same client.
 */
export function identifyClient(
  peer: string,
  fields: RequestFields,
  trusted: AddressSet,
  peerProtocol: Scheme = "http",
): ClientIdentity {
  const peerAddress = normalizeAddress(peer);
  if (!trusted.has(peerAddress)) {
    return {
      peer: peerAddress,
      address: peerAddress,
      protocol: peerProtocol,
      peerProtocol,
      viaTrustedProxy: false,
    };
  }
  const { xForwardedFor, xForwardedProto, forwarded } = fields;
  if (xForwardedFor === null && forwarded !== null) {
    const hops = forwardedHops(forwarded);
    const { address, hop } = clientBehind(
      peerAddress,
      hops.map(({ node }) => node),
      trusted,
    );
    const client = hops[hop];
    return {
      peer: peerAddress,
      address,
      protocol: protocolIn(xForwardedProto ?? client?.proto) ?? peerProtocol,
      peerProtocol,
      host: client?.host !== undefined && isValidHost(client.host) ? client.host : undefined,
      viaTrustedProxy: true,
    };
  }
  const hops = xForwardedFor === null ? [] : listElements(xForwardedFor);
  return {
    peer: peerAddress,
    address: clientBehind(peerAddress, hops, trusted).address,
    protocol: protocolIn(xForwardedProto) ?? peerProtocol,
    peerProtocol,
    viaTrustedProxy: true,
  };
}

/** The scheme in X-Forwarded-Proto; of several, the nearest proxy's. Undefined without one. */
function protocolIn(proto: string | null | undefined): Scheme | undefined {
  if (typeof proto !== "string") return undefined;
  return /(?:^|,)\s*https\s*$/i.test(proto) ? "https" : "http";
}

/** The elements of a list-based field; empty ones are skipped (RFC 9110 section 5.6.1.2). */
function listElements(list: string): string[] {
  return list
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");
}

const EMPTY_ELEMENT = /(?:^|,)[ \t]*(?:,|$)/;

/** X-Forwarded-For for the backend: the addresses in the trusted proxy's fields, and the peer. */
export function forwardedFor(claimed: RequestFields, peer: string): string {
  const { xForwardedFor: list, forwarded } = claimed;
  if (list !== null) {
    return EMPTY_ELEMENT.test(list) ? [...listElements(list), peer].join(", ") : `${list}, ${peer}`;
  }
  if (forwarded === null) return peer;
  // A quoted node may hold anything, even commas.
  const nodes = forwardedHops(forwarded).map(({ node }) => forwardedAddress(node) ?? "unknown");
  return [...nodes, peer].join(", ");
}

/**
 * Forwarded for the backend (RFC 7239): an element for each hop before the peer, and the gateway's own
 * for the peer. X-Forwarded-Host and -Proto describe the client's request, so they go into the client's
 * element.
 */
export function forwardedChain(
  claimed: RequestFields,
  client: ClientIdentity,
  host: string | null,
): string {
  const own = forwardedElement(client.peer, host, client.peerProtocol);
  const { forwarded, xForwardedFor, xForwardedProto, xForwardedHost } = claimed;
  if (forwarded !== null && forwarded !== "") return `${forwarded}, ${own}`;
  if (xForwardedFor === null && xForwardedProto === null && xForwardedHost === null) return own;
  const hops = listElements(xForwardedFor ?? "unknown").map((hop) => forwardedAddress(hop) ?? "");
  const known = hops.lastIndexOf(client.address);
  const described = known === -1 ? hops.length - 1 : known;
  const elements = hops.map((hop, at) =>
    at === described
      ? forwardedElement(
          hop,
          xForwardedHost !== null && isValidHost(xForwardedHost) ? xForwardedHost : null,
          xForwardedProto === null ? undefined : client.protocol,
        )
      : forwardedElement(hop, null),
  );
  return [...elements, own].join(", ");
}

/** One element of a Forwarded field; an empty address is unknown. */
function forwardedElement(address: string, host: string | null, proto?: string): string {
  const node = address.includes(":") ? `"[${address}]"` : address === "" ? "unknown" : address;
  const asked = host === null || host === "" ? "" : `;host="${host}"`;
  return `for=${node}${asked}${proto === undefined ? "" : `;proto=${proto}`}`;
}

/** What one proxy reports in Forwarded about the request that it received. */
interface Hop {
  readonly node: string;
  readonly host: string | undefined;
  readonly proto: string | undefined;
}

function forwardedHops(forwarded: string): Hop[] {
  return splitOutsideQuotes(forwarded, ",")
    .filter((element) => element.trim() !== "")
    .map((element) => {
      const pairs = splitOutsideQuotes(element, ";").map((pair) => pair.trim());
      const valueOf = (name: string) => {
        const written = pairs.find((pair) => pair.toLowerCase().startsWith(`${name}=`));
        return written === undefined ? undefined : unquoted(written.slice(name.length + 1));
      };
      // An element without for= hides its client, so nothing to its left can be trusted.
      return { node: valueOf("for") ?? "", host: valueOf("host"), proto: valueOf("proto") };
    });
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}

/** Clients influence quoted values (their Host, for one), so separators in quotes are text. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Finds the client, and which hop it is; -1 when it is the peer. */
function clientBehind(
  peer: string,
  hops: readonly string[],
  trusted: AddressSet,
): { address: string; hop: number } {
  let client = { address: peer, hop: -1 };
  for (let hop = hops.length - 1; hop >= 0; hop -= 1) {
    const address = forwardedAddress(hops[hop] ?? "");
    if (address === undefined) return client;
    client = { address, hop };
    if (!trusted.has(address)) return client;
  }
  return client;
}

// Some proxies write a port after the address, and brackets around IPv6.
function forwardedAddress(hop: string): string | undefined {
  const text = hop.trim();
  const bare =
    /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : normalizeAddress(bare);
}
