import { copyOf } from "./bytes.ts";
import type { Field } from "../http/field.ts";
import { TOKEN } from "../http/fields.ts";
import { Malformed } from "./malformed.ts";

/** A field line that was read from bytes. */
export interface FieldLine extends Field {
  /** In bytes, as received, without the line's end. */
  readonly length: number;
  /** What the reader makes of it. */
  readonly kind: number;
}

/** How field lines are read. */
export interface FieldGrammar {
  /** What the reader is to know of a field; remembered with its line. */
  readonly kindOf: (name: string, value: string) => number;
  /** Blanks before the colon are removed from answers; elsewhere they are refused (RFC 9112 section 5.1). */
  readonly allowsBlanksBeforeColon: boolean;
  readonly mostFields: number;
}

/** Longer sections, and those with more lines, are not remembered. */
const LONGEST_REMEMBERED = 8_192;
const REMEMBERED_AT_MOST = 64;

/**
 * Reads the field lines of heads. Most are the same as in the head before, which it remembers: comparing
 * bytes is cheaper than parsing them into strings. Use one for heads that resemble each other.
 */
export class FieldLines {
  readonly #grammar: FieldGrammar;
  #known: Buffer = NOTHING;
  #lines: readonly FieldLine[] = NO_LINES;

  constructor(grammar: FieldGrammar) {
    this.#grammar = grammar;
  }

  /** Those that are remembered. */
  get remembered(): readonly FieldLine[] {
    return this.#lines;
  }

  /**
   * Reads from `start`, the end of the line before, up to the empty line at `end`, exclusive. If all
   * lines are the same as before, so is the list. Throws Malformed.
   */
  read(bytes: Buffer, start: number, end: number): readonly FieldLine[] {
    const known = this.#known;
    if (end - start === known.length && known.compare(bytes, start, end) === 0) return this.#lines;
    const lines: FieldLine[] = [];
    let at = start;
    let knownAt = 0;
    while (at < end) {
      if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new Malformed(CONTROL);
      if (lines.length === this.#grammar.mostFields) {
        throw new Malformed(`more than ${this.#grammar.mostFields} fields`, 431);
      }
      at += 2;
      let line = this.#lines[lines.length];
      const isKnown =
        line !== undefined && isLineAt(bytes, at, end, known, knownAt + 2, line.length);
      if (line !== undefined) knownAt += 2 + line.length;
      if (line === undefined || !isKnown) line = parseFieldLine(bytes, at, end, this.#grammar);
      lines.push(line);
      at += line.length;
    }
    if (end - start <= LONGEST_REMEMBERED && lines.length <= REMEMBERED_AT_MOST) {
      this.#known = copyOf(bytes, start, end);
      this.#lines = lines;
    }
    return lines;
  }
}

const NO_LINES: readonly FieldLine[] = [];
const NOTHING = Buffer.alloc(0);

/** Whether the line at `start` is exactly the one at `knownStart` of `known`. */
export function isLineAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  known: Uint8Array,
  knownStart: number,
  length: number,
): boolean {
  const after = start + length;
  if (after !== end && bytes[after] !== CR) return false;
  for (let at = 0; at < length; at += 1) {
    if (bytes[start + at] !== known[knownStart + at]) return false;
  }
  return true;
}

/** Reads one field line from `start` to the first byte that cannot be part of it. Throws Malformed. */
export function parseFieldLine(
  bytes: Buffer,
  start: number,
  end: number,
  { kindOf, allowsBlanksBeforeColon }: FieldGrammar,
): FieldLine {
  let at = endOf(IN_TOKEN, bytes, start, end);
  const written = bytes.toString("latin1", start, at);
  // Blanks before the name would be obsolete line folding, which is refused (RFC 9112 section 5.2).
  if (allowsBlanksBeforeColon) at = afterBlanks(bytes, at, end);
  if (written === "" || bytes[at] !== COLON) throw new Malformed("a line that is not a field");
  const from = afterBlanks(bytes, at + 1, end);
  at = endOf(IN_TEXT, bytes, from, end);
  let to = at;
  while (to > from && isBlank(bytes[to - 1])) to -= 1;
  const value = bytes.toString("latin1", from, to);
  const name = written.toLowerCase();
  return {
    name,
    value,
    line: `${written}: ${value}\r\n`,
    length: at - start,
    kind: kindOf(name, value),
  };
}

/** Whether bytes from `start` on, of a head that has not ended yet, can never become part of one. */
export function hasStrayControl(bytes: Uint8Array, start: number): boolean {
  const end = bytes.length;
  for (
    let at = endOf(IN_TEXT, bytes, start, end);
    at < end;
    at = endOf(IN_TEXT, bytes, at + 1, end)
  ) {
    // A CR at the end may still get its LF, and the first LF may belong to a CR that was checked before.
    const isFine =
      bytes[at] === CR
        ? at + 1 === end || bytes[at + 1] === LF
        : bytes[at] === LF && bytes[at - 1] === CR;
    if (!isFine) return true;
  }
  return false;
}

/** What is said of a line that does not end where it should. */
export const CONTROL = "a control character in the header section";

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
const COLON = 0x3a;
const DELETE = 0x7f;

/** Which bytes may be in a token, in a request target and in a value, as a lookup table. */
export const IN_TOKEN = 1;
export const IN_TARGET = 2;
export const IN_TEXT = 4;
const CLASSES = Uint8Array.from({ length: 256 }, (_, code) => {
  const isToken = TOKEN.test(String.fromCharCode(code));
  const isTarget = code > SPACE && code !== DELETE;
  const isText = isTarget || code === SPACE || code === TAB;
  return (isToken ? IN_TOKEN : 0) | (isTarget ? IN_TARGET : 0) | (isText ? IN_TEXT : 0);
});

/** The index of the first byte from `start` on that is not of this class; at most `end`. */
export function endOf(wanted: number, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && ((CLASSES[bytes[at] ?? 0] ?? 0) & wanted) !== 0) at += 1;
  return at;
}

function afterBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at])) at += 1;
  return at;
}

function isBlank(code: number | undefined): boolean {
  return code === SPACE || code === TAB;
}
