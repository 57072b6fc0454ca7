import { isLoopback } from "../../http/address.ts";
import { FieldRules } from "../../http/field-rules.ts";
import { hostName, hostPort } from "../../http/host.ts";
import { secretCheck } from "../../units/secret.ts";
import type { UserOfPeer } from "./peer-user.ts";

/** What is known of a client that asks for the operator's pages. */
export interface Asker {
  /** The address and port at the other end of the socket. */
  readonly peer: string;
  readonly peerPort: number;
  /** The port that it has reached. */
  readonly port: number;
  readonly host: string;
  readonly headers: Headers;
}

/** Decides whether a client is the operator. */
export type OperatorCheck = (asker: Asker) => boolean;

/** A client that knows the token. */
export function withToken(token: string): OperatorCheck {
  const isToken = secretCheck(token);
  return ({ headers }) => {
    const given = /^Bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    return given !== undefined && isToken(given);
  };
}

/**
 * A program on this machine that has reached the operator's own port by a name of this machine, on
 * its own behalf: no proxy has sent it, and no page of another origin.
 */
export function onOwnPort(asker: Asker): boolean {
  return isAddressedLocally(asker) && !showsProxy(asker.headers) && !isForeignPage(asker);
}

/**
 * The same on the port that clients talk to, where a proxy on this machine is to be expected. Refuses
 * what proxies do even when they are not told to say so: HTTP/1.0 and `Connection: close`, which is
 * what nginx sends, and sockets of another user than root and the gateway's own.
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

/** A name of another machine's may lead here as well: a page's that wants to look local, say. */
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

/** Whether a proxy has left a trace in the fields. */
function showsProxy(headers: Headers): boolean {
  for (const name of headers.keys()) {
    const kind = RULES.kindOf(name);
    if (kind === "claim" || kind === "lookalike" || PROXY_FIELDS.has(name)) return true;
  }
  return false;
}

const RULES = new FieldRules();

// What proxies add besides claims.
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

/** Whether a browser asks on behalf of a page of another origin. */
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
