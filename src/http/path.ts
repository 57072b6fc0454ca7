/**
 * What an encoded slash or backslash in a path is: part of its segment, a reason to refuse the request, or
 * a slash.
 */
export type EncodedSlashes = "keep" | "reject" | "decode";

/** Why a path is refused, for the client. */
export type PathProblem = { readonly problem: string };

const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /%[0-9A-Fa-f]{2}/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;
/** Bytes that RFC 3986 section 3.3 does not allow in a path. */
const NOT_ALLOWED = /[^A-Za-z0-9._~!$&'()*+,;=:@/%-]/g;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
const SLASHES = /\/{2,}/g;
const ENCODED_SLASH = /%(?:2F|5C)/g;

// Escaped once or several times: "%2F", "%252F", "%25252F" and so on.
const SLASH_AT_ANY_DEPTH = /%(?:25)*(?:2F|5C)/gi;
const DOT_AT_ANY_DEPTH = /%(?:25)*2E/gi;
const SEMICOLON_AT_ANY_DEPTH = /%(?:25)*3B/gi;
const DOT_SEGMENT_WITH_PARAMETERS = /\/\.{1,2}(?:[;/]|$)/;

/** Anything but a path that is its own normal path; some of those as well. */
const PERHAPS_NOT_NORMAL = /[^A-Za-z0-9._~!$&'()*+,;=:@/-]|\/[/.]/;

/**
 * Normalizes a path that begins with "/" and whose characters are bytes. The result is both matched and
 * sent, so no second spelling of it slips past a route's policies. It is visible ASCII.
 *
 * - a byte that RFC 3986 does not allow in a path is percent-encoded, "\" included;
 * - an escape of an unreserved character becomes that character, other escapes get upper-case
 *   digits (RFC 3986 section 6.2.2);
 * - the segments "." and ".." are resolved (RFC 3986 section 5.2.4); a path that leads above the root is
 *   refused;
 * - runs of "/" become one;
 * - a segment that a backend could take for "." or ".." is refused: one that is escaped several times,
 *   stands next to an encoded slash or backslash, or has parameters ("..;a");
 * - an escaped NUL is refused, and so is a "%" that begins no escape.
 *
 * An encoded slash or backslash is part of its segment; see `decodeSlashes`.
 */
export function normalizePath(written: string): string | PathProblem {
  return PERHAPS_NOT_NORMAL.test(written) ? normalize(written) : written;
}

/** A normal path with its encoded slashes and backslashes as slashes; undefined if it has none. */
export function decodeSlashes(path: string): string | undefined {
  if (!path.includes("%")) return undefined;
  const decoded = path.replace(ENCODED_SLASH, "/");
  return decoded === path ? undefined : decoded.replace(SLASHES, "/");
}

/** Percent-encodes a byte. */
export function encodeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function normalize(written: string): string | PathProblem {
  if (BAD_ESCAPE.test(written)) {
    return { problem: 'the path contains a "%" that is not followed by two hexadecimal digits' };
  }
  const escaped = written.replace(NOT_ALLOWED, encodeByte).replace(ESCAPE, normalizeEscape);
  if (escaped.includes("%00")) return { problem: "the path contains an encoded NUL" };
  const resolved = DOT_SEGMENT.test(escaped) ? resolveDots(escaped) : escaped;
  if (resolved === undefined) return { problem: 'the path leads above "/" by ".." segments' };
  if (hasDotSegment(resolved)) {
    return { problem: 'the path contains an encoded "." or ".." segment, or one with parameters' };
  }
  return resolved.replace(SLASHES, "/");
}

function normalizeEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}

/** Undefined for a path that leads above the root. */
function resolveDots(path: string): string | undefined {
  const resolved: string[] = [];
  let isOpen = false;
  for (const segment of path.slice(1).split("/")) {
    isOpen = segment === "." || segment === "..";
    if (!isOpen) resolved.push(segment);
    else if (segment === ".." && resolved.pop() === undefined) return undefined;
  }
  // What a dot segment at the end leads to is a folder.
  return `/${resolved.join("/")}${isOpen && resolved.length > 0 ? "/" : ""}`;
}

/** Whether a backend could take a segment for "." or "..". */
export function hasDotSegment(path: string): boolean {
  const decoded = path.includes("%")
    ? path
        .replace(SLASH_AT_ANY_DEPTH, "/")
        .replace(DOT_AT_ANY_DEPTH, ".")
        .replace(SEMICOLON_AT_ANY_DEPTH, ";")
    : path;
  return DOT_SEGMENT_WITH_PARAMETERS.test(decoded);
}
