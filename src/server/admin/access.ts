import { isLoopback } from "../../http/address.ts";
import { FieldRules } from "../../http/field-rules.ts";
import { hostName, hostPort } from "../../http/host.ts";
import type { UserOfPeer } from "./peer-user.ts";

/** What is known about a client that requests the operator's pages. */
export interface Asker {
  /** The address and port at the other end of the socket. */
  readonly peer: string;
  readonly peerPort: number;
  /** The client's address where trusted proxies say it; otherwise the peer's counts. */
  readonly client?: string;
  /** The gateway's port. */
  readonly port: number;
  readonly host: string;
  readonly headers: Headers;
}

/** Decides whether a client is the operator. */
export type OperatorCheck = (asker: Asker) => boolean;

/** The token in Authorization; undefined without one. */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/**
 * Accepts programs on this machine that address this port by a local name and act on their own behalf:
 * not for a proxy, and not for a page of another origin.
 */
export function onOwnPort(asker: Asker): boolean {
  return isAddressedLocally(asker) && !showsProxy(asker.headers) && !isForeignPage(asker);
}

/**
 * The same for the main port, where a proxy on this machine must be expected, even one that adds no
 * field. So it also refuses `Connection: close`, which nginx sends by default, and sockets that belong
 * to a user other than root and the gateway's own.
 */
export function onMainPort(ownUser: number | undefined, userOfPeer: UserOfPeer): OperatorCheck {
  return (asker) => {
    if (!onOwnPort(asker) || closesConnection(asker.headers)) return false;
    if (ownUser === undefined) return true;
    const user = userOfPeer(asker.peerPort, asker.port);
    return user === undefined || user === ownUser || user === ROOT;
  };
}

const ROOT = 0;

/** The Host must be a local name too: a page can have its own name lead here (DNS rebinding). */
function isAddressedLocally({ peer, port, host }: Asker): boolean {
  const name = hostName(host).toLowerCase();
  return (
    isLoopback(peer) &&
    (name === "localhost" || isLoopback(name)) &&
    (hostPort(host) ?? DEFAULT_PORT) === port
  );
}

const DEFAULT_PORT = 80;

function closesConnection(headers: Headers): boolean {
  return /\bclose\b/i.test(headers.get("connection") ?? "");
}

/** Whether the fields show that a proxy sent the request. */
function showsProxy(headers: Headers): boolean {
  for (const name of headers.keys()) {
    const kind = RULES.kindOf(name);
    if (kind === "claim" || kind === "lookalike" || PROXY_FIELDS.has(name)) return true;
  }
  return false;
}

const RULES = new FieldRules();

// Fields that proxies add, besides claims.
const PROXY_FIELDS: ReadonlySet<string> = new Set([
  "cdn-loop",
  "cf-ray",
  "max-forwards",
  "proxy-connection",
  "via",
  "x-amz-cf-id",
  "x-amzn-trace-id",
  "x-cache",
  "x-correlation-id",
  "x-envoy-attempt-count",
  "x-envoy-expected-rq-timeout-ms",
  "x-proxy-id",
  "x-request-id",
  "x-request-start",
  "x-unique-id",
  "x-varnish",
]);

/** Whether a browser sent the request for a page of another origin. */
function isForeignPage({ host, headers }: Asker): boolean {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  const referer = headers.get("referer");
  const own = `http://${host}`;
  return (
    (origin !== null && origin !== own) ||
    (site !== null && site !== "none" && site !== "same-origin") ||
    (referer !== null && referer !== own && !referer.startsWith(`${own}/`))
  );
}

/**
 * Whether a browser sends it for a page of another origin than a Host's. The scheme is not compared: in
 * front of the operator's port there may be a proxy that speaks TLS.
 */
export function isForeignTo(host: string, headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "none" && site !== "same-origin") return true;
  const origin = headers.get("origin");
  return origin !== null && origin !== `http://${host}` && origin !== `https://${host}`;
}
