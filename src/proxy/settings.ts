import { isIP } from "node:net";
import { hostName } from "../http/host.ts";
import type { OutgoingRules } from "../pipeline/outgoing.ts";

/** What a route settles about sending requests to its backends. Times are in milliseconds. */
export interface ForwardSettings extends OutgoingRules {
  /** Bytes of request content above which the answer is 413. */
  readonly maxBodySize: number;
  /** Bytes of an answer up to which it is collected, so that it keeps its Content-Length. */
  readonly bufferSize: number;
  /** How TLS to the backends is done where it differs from the runtime's own way. */
  readonly tls: Bun.TLSOptions | undefined;
  readonly timeouts: ForwardTimeouts;
}

export interface ForwardTimeouts {
  /** For a client to send its content; where that is passed on as it comes, between two chunks. */
  readonly request: number;
  /** Until a backend's header section has arrived, connecting included. */
  readonly response: number;
  /** Without content moving towards the client, or a message through a WebSocket; 0 is never. */
  readonly idle: number;
  /** For the whole exchange; 0 is never. */
  readonly exchange: number;
}

/**
 * How TLS to one backend is done; undefined for a backend without TLS. The runtime would check the
 * certificate against the Host that is sent, so the backend's own name is given beside it.
 */
export function tlsFor(origin: string, settings: ForwardSettings): Bun.TLSOptions | undefined {
  if (!origin.startsWith("https:")) return undefined;
  const name = hostName(new URL(origin).host);
  // An address is no server name (RFC 6066 section 3); without one, the certificate has to be for it.
  return { serverName: isIP(name) === 0 ? name : "", ...settings.tls };
}
