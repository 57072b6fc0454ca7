import { hasToken, listWith, namedByConnection } from "../http/fields.ts";
import { type ClientIdentity, forwardedChain, forwardedFor } from "../http/forwarded.ts";
import type { EncodedSlashes } from "../http/path.ts";
import { RequestFields } from "../http/request-fields.ts";
import type { RequestTarget } from "../http/target.ts";
import type { ClientRequest } from "./client-request.ts";

/** A route's settings for the fields that the gateway adds. */
export interface OutgoingRules {
  /** Whether the backend gets the client's Host, or its own. */
  readonly preserveHost: boolean;
  /** Whether the backend gets the path as the client wrote it. */
  readonly preservePath?: boolean;
  /** Whether Forwarded (RFC 7239) is sent besides X-Forwarded-*. */
  readonly sendForwarded: boolean;
  /** What an encoded slash is in the paths of the route; "keep" by default. */
  readonly encodedSlashes?: EncodedSlashes;
}

/** The parts of an exchange that an outgoing request is made of. */
export interface OutgoingSource {
  readonly method: string;
  readonly target: RequestTarget;
  readonly client: ClientIdentity;
  readonly requestId: string;
  readonly fields: RequestFields;
  readonly request: Pick<ClientRequest, "connection" | "content">;
  /** The gateway's element of Via. */
  readonly via: string;
}

/**
 * The fields for the backend: without those for one hop and without claims that the client had no right
 * to make, and with the gateway's own. These are added last, so a Connection field cannot remove them.
 */
export function outgoingFields(source: OutgoingSource, rules: OutgoingRules): string[] {
  const { client, requestId, target } = source;
  const host = target.host === "" ? null : target.host;
  const trusted = client.viaTrustedProxy;
  const kept = withoutNominated(source);
  const claimed = trusted ? kept : NOTHING;
  // One array literal for the fields that are always there: pushing them one by one costs twice as much.
  const fields = [
    "x-forwarded-for",
    trusted ? forwardedFor(claimed, client.peer) : client.peer,
    "x-forwarded-proto",
    claimed.xForwardedProto ?? client.protocol,
    "x-real-ip",
    client.address,
    "x-request-id",
    requestId,
    "via",
    listWith(kept.via, source.via),
  ];
  if (kept.userAgent !== null) fields.push("user-agent", kept.userAgent);
  if (host !== null && rules.preserveHost) fields.push("host", host);
  const askedHost = claimed.xForwardedHost ?? oneOfAList(client.host ?? host);
  if (askedHost !== null) fields.push("x-forwarded-host", askedHost);
  if (claimed.xForwardedPort !== null) fields.push("x-forwarded-port", claimed.xForwardedPort);
  if (rules.sendForwarded) {
    fields.push("forwarded", forwardedChain(claimed, client, host));
  } else if (claimed.forwarded !== null) fields.push("forwarded", claimed.forwarded);
  if (kept.maxForwards !== null) {
    const left = forwardsLeft(source);
    fields.push("max-forwards", left === undefined ? kept.maxForwards : `${left - 1}`);
  }
  const { contentLength } = source.fields;
  if (contentLength !== null) fields.push("content-length", contentLength);
  else if (kept.trailer !== null && source.request.content !== undefined) {
    fields.push("trailer", kept.trailer);
  }
  if (source.fields.te !== null && hasToken(source.fields.te, "trailers")) {
    fields.push("te", "trailers");
  }
  for (const { name, value } of kept.others) fields.push(name, value);
  if (trusted && kept.claims !== undefined) {
    for (const { name, value } of kept.claims) fields.push(name, value);
  }
  // A trusted proxy's own certificate is not its client's, for whom it speaks itself.
  const certificate = trusted ? undefined : source.request.connection.tls?.certificate;
  if (certificate !== undefined) fields.push("client-cert", certificate.clientCert);
  return fields;
}

/** Some frameworks take X-Forwarded-Host for a list; the one name "a,b" must not pass for two. */
function oneOfAList(host: string | null): string | null {
  return host?.includes(",") === true ? host.replaceAll(",", "%2C") : host;
}

/**
 * The request's fields without those that its Connection field names. Claims stay: some proxies pass a
 * client's Connection field on, which could otherwise remove what the proxy says about that client.
 */
function withoutNominated({ fields }: OutgoingSource): RequestFields {
  const { rules } = fields;
  const nominated = namedByConnection(fields.connection);
  if (nominated.length === 0) return fields;
  const kept = fields.all.filter(
    ({ name }) => !nominated.includes(name) || rules.kindOf(name) === "claim",
  );
  return new RequestFields(kept, rules);
}

/** The claims that count from a client that is not a trusted proxy: none. */
const NOTHING = new RequestFields([]);

/** How the gateway names itself in the Via of answers (RFC 9110 section 7.6.3). */
export const VIA = "1.1 gateway";

/** How many hops an OPTIONS request has left (RFC 9110 section 7.6.2); undefined without a limit. */
export function forwardsLeft({
  method,
  fields,
}: Pick<OutgoingSource, "method" | "fields">): number | undefined {
  const { maxForwards } = fields;
  if (method !== "OPTIONS" || maxForwards === null) return undefined;
  return /^[0-9]{1,9}$/.test(maxForwards) ? Number(maxForwards) : undefined;
}
