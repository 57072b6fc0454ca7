import { isIP } from "node:net";
import { type AddressSet, normalizeAddress } from "./address.ts";

/** The fields by which proxies tell who asked; what a client outside may not say by itself. */
export const forwardingFields = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
] as const;

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

/**
 * Finds the client's address. Nobody is trusted by default: then it is the peer on the socket.
 * Behind trusted proxies X-Forwarded-For is read from right to left and the first address that is
 * not trusted is the client; text that is no address ends the search at the last one that was.
 */
export function identifyClient(
  peer: string,
  headers: Headers,
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
  const proto = headers.get("x-forwarded-proto");
  return {
    peer: peerAddress,
    address: clientBehind(peerAddress, headers.get("x-forwarded-for"), trusted),
    protocol: proto !== null && /(?:^|,)\s*https\s*$/i.test(proto) ? "https" : "http",
    viaTrustedProxy: true,
  };
}

function clientBehind(peer: string, forwardedFor: string | null, trusted: AddressSet): string {
  let client = peer;
  if (forwardedFor === null) return client;
  const hops = forwardedFor.split(",");
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
