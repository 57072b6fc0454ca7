import { findField } from "../http/fields.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { BackendRequest } from "./attempt.ts";

// Each character becomes one byte. What does not fit in one would become another character, a line
// break for one, so none of it is sent.
const NOT_BYTES = /[^\0-\xFF]/;

/**
 * The header section of a request as it goes over the wire, its empty line included (RFC 9112). The
 * names and values are taken for valid: they have been Headers before. Text where it is plain ASCII,
 * bytes where it is not. Throws a GatewayError.
 */
export function requestHead(request: BackendRequest): string | Uint8Array {
  const { method, target, origin, fields } = request;
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let at = 0; at < fields.length; at += 2) {
    // One sum: the intermediate ones would each be an object.
    head = head + fields[at] + ": " + fields[at + 1] + "\r\n";
  }
  if (findField(fields, "host") === -1)
    head += `host: ${origin.slice(origin.indexOf("//") + 2)}\r\n`;
  if (goesInChunks(request)) head += "transfer-encoding: chunked\r\n";
  head += "\r\n";
  // To count is quicker than to look: most heads are plain ASCII.
  if (Buffer.byteLength(head) === head.length) return head;
  if (NOT_BYTES.test(head)) {
    throw new GatewayError("bad_request", "the request holds characters that HTTP cannot carry");
  }
  return Buffer.from(head, "latin1");
}

/** Whether the request has content whose length nobody knows yet. */
export function goesInChunks({ fields, body }: BackendRequest): boolean {
  return body instanceof ReadableStream && findField(fields, "content-length") === -1;
}
