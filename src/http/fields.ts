// RFC 9110 section 7.6.1, and what belongs to one connection by other documents. Expect is answered
// by the listener itself; Trailer announces what cannot be passed on.
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
] as const;

// Fields that frame or address the message. A Connection field that names one of these is an attack
// or a mistake, and following it would change what the message means.
const NEVER_NOMINATED = new Set(["host", "content-length", "content-type", "content-encoding"]);

/**
 * Removes, in place, the fields that are for this connection only: the known ones and those that
 * the Connection field names.
 */
export function removeHopByHopFields(headers: Headers): void {
  const connection = headers.get("connection");
  if (connection !== null && connection !== "keep-alive" && connection !== "close") {
    for (const option of connection.split(",")) {
      const name = option.trim().toLowerCase();
      if (TOKEN.test(name) && !NEVER_NOMINATED.has(name)) headers.delete(name);
    }
  }
  for (const name of HOP_BY_HOP) headers.delete(name);
}

/** A field name or another token (RFC 9110 section 5.6.2). */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Adds a value to a list-based field, behind what is there. */
export function appendToList(headers: Headers, name: string, value: string): void {
  const present = headers.get(name);
  headers.set(name, present === null || present === "" ? value : `${present}, ${value}`);
}

/** The value of a Content-Length field as bytes; undefined when absent or not a plain number. */
export function contentLength(headers: Headers): number | undefined {
  const written = headers.get("content-length");
  if (written === null || !/^[0-9]{1,15}$/.test(written)) return undefined;
  return Number(written);
}
