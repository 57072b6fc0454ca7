/** Stands at the end of a text that was longer. */
const MARK = "…";

/** The text, or as many of its characters as may be kept, the last of them "…". */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : shorten(text, limit);
}

function shorten(text: string, limit: number): string {
  const end = limit - MARK.length;
  // Never half of a character that takes up two places.
  const kept = text.slice(0, /[\uD800-\uDBFF]/.test(text.charAt(end - 1)) ? end - 1 : end);
  return owned(kept) + MARK;
}

/** A copy that does not keep the longer text in memory which it is a part of. */
function owned(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
