import { LineCounter } from "yaml";
import type { Diagnostic } from "./diagnostics.ts";

/** A stretch of the text, in UTF-16 units as strings count them; `end` is not part of it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const BYTE_ORDER_MARK = "\uFEFF";

/** The text of a file, and the way from places in it to diagnostics. */
export class SourceText {
  readonly file: string;
  /** Without a byte order mark, so that the first line's columns are what an editor shows. */
  readonly text: string;
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    let start = 0;
    do {
      this.#lines.addNewLine(start);
      start = this.text.indexOf("\n", start) + 1;
    } while (start > 0);
  }

  /** The number of the line at an offset, counted from 1. */
  lineNumber(offset: number): number {
    return this.#lines.linePos(offset).line;
  }

  /** Of a span of several lines the first is marked; one behind the text is at the text's end. */
  diagnostic(span: Span, message: string, severity: Diagnostic["severity"] = "error"): Diagnostic {
    const start = Math.min(span.start, this.text.trimEnd().length);
    const { line, col } = this.#lines.linePos(start);
    const sourceLine = this.#lineAt(start);
    const before = sourceLine.slice(0, col - 1);
    const marked = sourceLine.slice(col - 1, col - 1 + span.end - span.start);
    return {
      file: this.file,
      line,
      column: characters(before) + 1,
      length: Math.max(1, characters(marked)),
      message,
      sourceLine,
      severity,
    };
  }

  #lineAt(offset: number): string {
    const start = this.#lines.lineStarts[this.lineNumber(offset) - 1] ?? 0;
    const end = this.text.indexOf("\n", start);
    return this.text.slice(start, end === -1 ? undefined : end).replace(/\r$/, "");
  }
}

function characters(text: string): number {
  return Array.from(text).length;
}
