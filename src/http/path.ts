/** Why a path is refused, for the client. */
export type PathProblem = { readonly problem: string };

const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
const FORBIDDEN_ESCAPE = /%(?:2f|5c|00)/i;
const ESCAPE = /%[0-9A-Fa-f]{2}/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;
const SLASHES = /\/{2,}/g;

/**
 * Normalizes a path. The result is both matched and sent, so no second spelling of it slips past a
 * route's policies.
 *
 * - runs of "/" become one;
 * - an escape of an unreserved character becomes that character, other escapes get upper-case
 *   digits (RFC 3986 section 6.2.2);
 * - an escaped "/" or "\" or NUL is refused, and so is a "%" that begins no escape: backends
 *   disagree on their meaning;
 * - a "\\" and the segments "." and ".." are refused. The runtime resolves them, but only if it
 *   can make a URL of the Host; backends would resolve them after the match.
 */
export function normalizePath(path: string): string | PathProblem {
  const merged = path.includes("//") ? path.replace(SLASHES, "/") : path;
  const decoded = merged.includes("%") ? normalizeEscapes(merged) : merged;
  if (typeof decoded !== "string") return decoded;
  if (decoded.includes("\\")) return { problem: "the path contains a backslash" };
  if (decoded.includes("/.") && DOT_SEGMENT.test(decoded)) {
    return { problem: 'the path contains a "." or ".." segment' };
  }
  return decoded;
}

function normalizeEscapes(path: string): string | PathProblem {
  if (BAD_ESCAPE.test(path)) {
    return { problem: 'the path contains a "%" that is not followed by two hexadecimal digits' };
  }
  if (FORBIDDEN_ESCAPE.test(path)) {
    return { problem: "the path contains an encoded slash, backslash or NUL" };
  }
  return path.replace(ESCAPE, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}
