/** Ends a text that has been cut. */
const MARK = "…";

/** The text, cut to at most `limit` characters, the last of which is then "…". */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : shorten(text, limit);
}

function shorten(text: string, limit: number): string {
  const end = limit - MARK.length;
  // Never half of a surrogate pair.
  const kept = text.slice(0, /[\uD800-\uDBFF]/.test(text.charAt(end - 1)) ? end - 1 : end);
  return owned(kept) + MARK;
}

/** A copy. A slice would keep the whole text in memory. */
function owned(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
