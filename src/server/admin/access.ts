import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../http/address.ts";
import { forwardingFields } from "../../http/fields.ts";
import { hostName } from "../../http/host.ts";

/** What is known of somebody who asks for the operator's pages. */
export interface Asker {
  /** The address on the other end of the socket. */
  readonly peer: string;
  readonly host: string;
  readonly headers: Headers;
}

/** Decides whether who asks is the operator. */
export type OperatorCheck = (asker: Asker) => boolean;

/**
 * Somebody on this machine who was not sent here by a proxy or by a page with a name of its own
 * (both would look local), or somebody who knows the token.
 */
export function localOrToken(token: string | undefined): OperatorCheck {
  const knowsToken = tokenCheck(token);
  return (asker) => isLocal(asker) || knowsToken(asker);
}

/** Whoever knows the token; where none is configured, somebody on this machine. */
export function tokenOrElseLocal(token: string | undefined): OperatorCheck {
  return token === undefined ? isLocal : tokenCheck(token);
}

function isLocal({ peer, host, headers }: Asker): boolean {
  const name = hostName(host).toLowerCase();
  return (
    isLoopback(peer) &&
    (name === "localhost" || isLoopback(name)) &&
    !forwardingFields.some((field) => headers.has(field))
  );
}

function tokenCheck(token: string | undefined): OperatorCheck {
  if (token === undefined) return () => false;
  const expected = digest(token);
  return ({ headers }) => {
    const given = /^Bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

// Digests have one length, so that comparing them tells nothing about the token's.
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
