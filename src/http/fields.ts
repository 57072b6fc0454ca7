// RFC 9110 section 7.6.1, and fields that other documents define for one connection. Trailer announces
// what cannot be passed on.
export const hopByHopFields = [
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

/** The same, for lookup by lower-case name. */
export const removedFields: ReadonlySet<string> = new Set(hopByHopFields);

/** The fields that have a digest of the content (RFC 9530, and what it replaces). */
export const digestFields = ["content-digest", "content-md5", "digest", "repr-digest"] as const;

/** The fields in which proxies report who asked. */
export const forwardingFields = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
] as const;

// Fields that frame, address or trace the message. A Connection field that names one of these is an
// attack or a mistake, and following it would change what the message means.
const NEVER_NOMINATED = new Set([
  "host",
  "content-length",
  "content-type",
  "content-encoding",
  "via",
]);

/** The fields, in lower case, that a Connection field names for removal. */
export function namedByConnection(connection: string | null): readonly string[] {
  if (connection === null || connection === "keep-alive" || connection === "close") return NONE;
  return connection
    .split(",")
    .map((option) => option.trim().toLowerCase())
    .filter((name) => TOKEN.test(name) && !NEVER_NOMINATED.has(name));
}

const NONE: readonly string[] = [];

/** A field name or another token (RFC 9110 section 5.6.2). */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The value of a list-based field with one more element at its end. */
export function listWith(present: string | null, value: string): string {
  return present === null || present === "" ? value : `${present}, ${value}`;
}

/** Whether a list of tokens, such as Connection, has this one, which is in lower case. */
export function hasToken(list: string | null, token: string): boolean {
  if (list === null) return false;
  if (!list.includes(",")) return list.toLowerCase() === token;
  return list.split(",").some((element) => element.trim().toLowerCase() === token);
}

/**
 * A repeated field's values as one (RFC 9110 section 5.3). Unlike `listWith`, keeps empty elements visible:
 * they make a Transfer-Encoding invalid.
 */
export function joined(present: string | null, value: string): string {
  return present === null ? value : `${present}, ${value}`;
}

/** The index of a name in a list of names, each followed by its value, from an index on; −1 if absent. */
export function findField(list: readonly string[], name: string, from = 0): number {
  for (let at = from; at < list.length; at += 2) if (list[at] === name) return at;
  return -1;
}

/** The value of a Content-Length field, in bytes; undefined when absent or not a plain number. */
export function contentLength(written: string | null): number | undefined {
  if (written === null || !/^[0-9]{1,15}$/.test(written)) return undefined;
  return Number(written);
}
