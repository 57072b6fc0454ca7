import { isIP } from "node:net";
import { hostName } from "../http/host.ts";
import type { OutgoingRules } from "../pipeline/outgoing-fields.ts";
import type { HedgePlan, RetryPlan } from "./retry/plan.ts";

/** A route's settings for sending requests to its backends. Times are in milliseconds. */
export interface ForwardSettings extends OutgoingRules {
  /** Bytes of request content above which the answer is 413. */
  readonly maxBodySize: number;
  /** Bytes of the largest WebSocket message that a client may send. */
  readonly maxMessageSize: number;
  /** The protocols that connections may be upgraded to, in lower case; undefined without a list. */
  readonly upgrades: ReadonlySet<string> | undefined;
  /** TLS settings for the backends that differ from the runtime's defaults. */
  readonly tls: Bun.TLSOptions | undefined;
  readonly timeouts: ForwardTimeouts;
  /** Undefined if only what reached no backend is sent again. */
  readonly retry: RetryPlan | undefined;
  readonly hedge: HedgePlan | undefined;
}

export interface ForwardTimeouts {
  /** For a client to send its content; for streamed content, between two chunks. */
  readonly request: number;
  /** For one attempt: until a backend's header section has arrived, connecting included. */
  readonly response: number;
  /** Without content moving towards the client, or a message through a WebSocket; 0 sets no limit. */
  readonly idle: number;
  /** For the whole exchange; 0 sets no limit. */
  readonly exchange: number;
}

/**
 * TLS settings for one backend; undefined without TLS. The runtime would check the certificate against
 * the Host that is sent, so the backend's own name is passed as well.
 */
export function tlsFor(
  origin: string,
  settings: Pick<ForwardSettings, "tls">,
): Bun.TLSOptions | undefined {
  if (!origin.startsWith("https:")) return undefined;
  const name = hostName(new URL(origin).host);
  // An address is not a server name (RFC 6066 section 3); without one, the certificate must be for the
  // address.
  return { serverName: isIP(name) === 0 ? name : "", ...settings.tls };
}
