import { isIP } from "node:net";
import { type AddressSet, normalizeAddress } from "./address.ts";
import type { RequestFields } from "./request-fields.ts";

/** Who asked, as far as it can be known. */
export interface ClientIdentity {
  /** The peer on the socket: the client itself, or the last proxy before us. */
  readonly peer: string;
  /** The client's address: IPv4 or IPv6 text, never an IPv4-mapped IPv6 address. */
  readonly address: string;
  /** The scheme that the client used, as far as it can be known. */
  readonly protocol: "http" | "https";
  /** True when the peer is a trusted proxy, so that its forwarding fields count. */
  readonly viaTrustedProxy: boolean;
}

/** One element of a Forwarded field (RFC 7239): what the gateway knows of who asked. */
export function forwardedElement(client: ClientIdentity, host: string | null): string {
  const { peer } = client;
  const node = peer.includes(":") ? `"[${peer}]"` : peer === "" ? "unknown" : peer;
  const asked = host === null || host === "" ? "" : `;host="${host}"`;
  return `for=${node}${asked};proto=${client.protocol}`;
}

/**
 * Finds the client's address. Nobody is trusted by default: then it is the peer on the socket.
 * Behind trusted proxies X-Forwarded-For is read from right to left and the first address that is
 * not trusted is the client; text that is no address ends the search at the last one that was.
 */
export function identifyClient(
  peer: string,
  fields: RequestFields,
  trusted: AddressSet,
): ClientIdentity {
  const peerAddress = normalizeAddress(peer);
  if (!trusted.has(peerAddress)) {
    return {
      peer: peerAddress,
      address: peerAddress,
      protocol: "http",
      viaTrustedProxy: false,
    };
  }
  const proto = fields.xForwardedProto;
  return {
    peer: peerAddress,
    address: clientBehind(peerAddress, hopsOf(fields), trusted),
    protocol: proto !== null && /(?:^|,)\s*https\s*$/i.test(proto) ? "https" : "http",
    viaTrustedProxy: true,
  };
}

/** Who each proxy says it was asked by, as text; X-Forwarded-For counts before Forwarded. */
function hopsOf(fields: RequestFields): string[] {
  const { forwarded, xForwardedFor } = fields;
  if (xForwardedFor !== null) return xForwardedFor.split(",");
  if (forwarded === null) return [];
  // An element without for= hides whom it was asked by; nothing to its left can be believed then.
  return splitOutsideQuotes(forwarded, ",").map((element) => {
    const pairs = splitOutsideQuotes(element, ";").map((pair) => pair.trim());
    const node = pairs.find((pair) => /^for=/i.test(pair))?.slice("for=".length) ?? "";
    return node.startsWith('"') ? node.slice(1, -1).replace(/\\(.)/g, "$1") : node;
  });
}

/** A client can have a say in what is quoted (its Host, for one), so separators there are text. */
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

function clientBehind(peer: string, hops: readonly string[], trusted: AddressSet): string {
  let client = peer;
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const address = forwardedAddress(hops[index] ?? "");
    if (address === undefined) return client;
    client = address;
    if (!trusted.has(address)) return client;
  }
  return client;
}

// Some proxies write a port behind the address, and brackets around IPv6.
function forwardedAddress(hop: string): string | undefined {
  const text = hop.trim();
  const bare =
    /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : normalizeAddress(bare);
}
