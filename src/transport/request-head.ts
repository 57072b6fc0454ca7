import { findField } from "../http/fields.ts";
import { isReader } from "../pipeline/answer.ts";
import type { BackendRequest } from "./attempt.ts";
import { egressOf } from "./egress.ts";
import { expectBytes } from "./expect-bytes.ts";

/**
 * The header section of a request as sent, including its empty line (RFC 9112). Names and values are
 * assumed to be valid: they were read by a listener or checked by `Outgoing`. Returns text if it is
 * plain ASCII, otherwise bytes. Throws a GatewayError.
 */
export function requestHead(request: BackendRequest): string | Uint8Array {
  const { method, target, to, fields } = request;
  const egress = to.proxy === undefined ? undefined : egressOf(to);
  const isForProxy = egress !== undefined && !egress.usesTunnel;
  let head = `${method} ${isForProxy ? to.origin : ""}${target} HTTP/1.1\r\n`;
  if (isForProxy && egress.authorization !== undefined) {
    head += `proxy-authorization: ${egress.authorization}\r\n`;
  }
  for (let at = 0; at < fields.length; at += 2) {
    // A template makes one string; a sum makes one for each of its parts.
    head = `${head}${fields[at]}: ${fields[at + 1]}\r\n`;
    // TE is for one hop, and must say so (RFC 9110 section 10.1.4).
    if (fields[at] === "te") head += "connection: te\r\n";
  }
  if (findField(fields, "host") === -1)
    head += `host: ${to.origin.slice(to.origin.indexOf("//") + 2)}\r\n`;
  if (request.upgrade !== undefined) {
    head += `connection: Upgrade\r\nupgrade: ${request.upgrade}\r\n`;
  }
  if (goesInChunks(request)) head += "transfer-encoding: chunked\r\n";
  head += "\r\n";
  // Counting bytes is faster than a regular expression, and most heads are plain ASCII.
  if (Buffer.byteLength(head) === head.length) return head;
  expectBytes(head);
  return Buffer.from(head, "latin1");
}

/** Whether the request has content of unknown length. */
export function goesInChunks({ fields, body }: BackendRequest): boolean {
  return isReader(body) && findField(fields, "content-length") === -1;
}
