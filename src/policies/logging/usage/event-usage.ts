import type { ContentViewer } from "../../../pipeline/content.ts";
import { JsonUsage, NO_USAGE, type ReadUsage } from "./json-usage.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DATA = Buffer.from("data:");

/** A stream may begin with it, and it is part of no line. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** Lines of data are one text with newlines in between. */
const BETWEEN = Buffer.from("\n");

/** What the current line is. */
type Line = "begins" | "data" | "other";

/**
 * Reads model and tokens of a stream of server-sent events as it passes, in pieces that may end anywhere,
 * in constant memory. Of a number that several events have, the last counts: they count up.
 */
export class EventUsage implements ContentViewer {
  readonly read: ReadUsage = { ...NO_USAGE };
  readonly #event = new JsonUsage(true);
  #line: Line = "begins";
  /** Bytes of `data:` at the beginning of the line. */
  #matched = 0;
  /** Whether a space comes next that is not part of the data. */
  #mayHaveSpace = false;
  #hasData = false;
  /** Whether the last line ended with a carriage return: a newline is part of that end. */
  #isAfterReturn = false;
  /** Bytes of a byte order mark at the beginning of the stream; all of them when it cannot be one. */
  #marked = 0;

  see(piece: Uint8Array): void {
    let at = 0;
    while (this.#marked < BYTE_ORDER_MARK.length && at < piece.length) {
      if (piece[at] === BYTE_ORDER_MARK[this.#marked]) {
        at += 1;
        this.#marked += 1;
      } else this.#marked = BYTE_ORDER_MARK.length;
    }
    while (at < piece.length) {
      if (this.#line === "begins") at = this.#begin(piece, at);
      else at = this.#goOn(piece, at);
    }
  }

  /** The stream has ended or broken off. Some end without the empty line after the last event. */
  end(): void {
    this.#endEvent();
  }

  /** At the beginning of a line: is it data? */
  #begin(piece: Uint8Array, at: number): number {
    const byte = piece[at];
    if (byte === NEWLINE || byte === RETURN) {
      const isSecond = byte === NEWLINE && this.#isAfterReturn;
      this.#isAfterReturn = byte === RETURN;
      // An empty line ends an event.
      if (!isSecond && this.#matched === 0) this.#endEvent();
      this.#matched = 0;
      return at + 1;
    }
    this.#isAfterReturn = false;
    if (byte !== DATA[this.#matched]) {
      this.#line = "other";
      return at;
    }
    this.#matched += 1;
    if (this.#matched === DATA.length) {
      this.#line = "data";
      this.#mayHaveSpace = true;
      if (this.#hasData) this.#event.see(BETWEEN);
    }
    return at + 1;
  }

  /** To the end of the line, or of what is there. */
  #goOn(piece: Uint8Array, from: number): number {
    let at = from;
    if (this.#mayHaveSpace) {
      this.#mayHaveSpace = false;
      if (piece[at] === SPACE) at += 1;
    }
    const end = endOfLine(piece, at);
    if (this.#line === "data") {
      this.#hasData = true;
      this.#event.see(piece, at, end);
    }
    if (end === piece.length) return end;
    this.#line = "begins";
    this.#matched = 0;
    this.#isAfterReturn = piece[end] === RETURN;
    return end + 1;
  }

  #endEvent(): void {
    if (!this.#hasData) return;
    this.#hasData = false;
    const { isComplete, read } = this.#event;
    if (isComplete) merge(this.read, read);
    this.#event.reset();
  }
}

function merge(all: ReadUsage, one: ReadUsage): void {
  if (one.model !== "") all.model = one.model;
  if (one.input >= 0) all.input = one.input;
  if (one.cacheWritten >= 0) all.cacheWritten = one.cacheWritten;
  if (one.cacheRead >= 0) all.cacheRead = one.cacheRead;
  if (one.output >= 0) all.output = one.output;
}

function endOfLine(piece: Uint8Array, from: number): number {
  let at = from;
  while (at < piece.length && piece[at] !== NEWLINE && piece[at] !== RETURN) at += 1;
  return at;
}
