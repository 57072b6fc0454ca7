const SLASHES = String.raw`\/\/|%(?:25)*2F%(?:25)*2F`;
const AT = "@|%(?:25)*40";
const NOT_THE_END = "%(?!(?:25)*(?:2F|3F|23|26))";
/**
 * A user's name and password in a URL (RFC 3986 section 3.2.1), between "//" and the last "@" before a
 * path. In a query it may be percent-encoded, and "&" ends it. Linear: what begins elsewhere ends before.
 */
const IN_TEXT = new RegExp(`(${SLASHES})(?:[^\\s/?#%"']|${NOT_THE_END})*(${AT})`, "gi");
/** The same in a query. Its source is for regular expressions that ignore case. */
export const USER_INFO_IN_QUERY = `(${SLASHES})(?:[^/?#%&]|${NOT_THE_END})*(${AT})`;
const IN_QUERY = new RegExp(USER_INFO_IN_QUERY, "gi");

/** A text with the user names and passwords of all URLs in it replaced by "[redacted]". */
export function withoutUserInfo(text: string): string {
  return text.includes("@") || text.includes("%") ? text.replace(IN_TEXT, "$1[redacted]$2") : text;
}

/** The same for a query, or a path. */
export function queryWithoutUserInfo(query: string): string {
  return query.replace(IN_QUERY, "$1[redacted]$2");
}
