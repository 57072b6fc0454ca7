import type { Place } from "./node.ts";
import type { Span } from "./source-text.ts";

/** What to mark of a text from an offset on; all of it unless it is written as it is. */
export function spanWithin({ node, at }: Place, offset: number, text: string): Span {
  const isWritten =
    offset > 0 && node.kind === "scalar" && node.origin === "text" && at.start === node.span.start;
  if (!isWritten) return at;
  const start = text.indexOf(node.written, at.start);
  const end = start + node.written.length;
  return start === -1 || end > at.end || offset >= node.written.length
    ? at
    : { start: start + offset, end };
}
