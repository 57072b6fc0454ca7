import { LineCounter } from "yaml";
import type { Diagnostic } from "./diagnostics.ts";

/** A range of the text in UTF-16 code units, `end` excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const BYTE_ORDER_MARK = "\uFEFF";

/** The text of a file, and diagnostics for places in it. */
export class SourceText {
  readonly file: string;
  /** Without a byte order mark, so that columns of the first line match an editor's. */
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

  /** A span of several lines is marked in its first; one past the end of the text, at the end. */
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
