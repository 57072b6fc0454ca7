/** A part of content: the indexes of its first byte and of the one after its last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part that a Range field asks for of so many bytes (RFC 9110 section 14.1.2): "none" if they have no
 * such part, undefined if the field is to be ignored, as one of another unit or with several parts may be.
 */
export function byteRange(written: string, length: number): ByteRange | "none" | undefined {
  const [matched, first = "", last = ""] =
    /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(written) ?? [];
  if (matched === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const count = Number(last);
    return count === 0 || length === 0
      ? "none"
      : { start: Math.max(0, length - count), end: length };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= length) return "none";
  return { start, end: last === "" ? length : Math.min(Number(last) + 1, length) };
}
