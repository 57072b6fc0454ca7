import { copyOf } from "./bytes.ts";
import { isConnectionChallenge } from "../http/connection-auth.ts";
import type { Field } from "../http/field.ts";
import { contentLength, namedByConnection, removedFields, TOKEN } from "../http/fields.ts";

/** An answer's header section: what is passed on, and how the body is framed. */
export interface AnswerHead {
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  /** In order, each by itself, without hop-by-hop fields. The list is this answer's own. */
  readonly fields: Field[];
  /** The content's length in bytes, if the status and the request's method allow content. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  /** Whether the connection stays open for a further request (RFC 9112 section 9.3). */
  readonly persists: boolean;
  /** Whether the connection is, or will be, authenticated instead of each request. */
  readonly authenticatesConnection: boolean;
}

/** An answer that is not valid by RFC 9112. The message says what is wrong. */
export class MalformedAnswer extends Error {}

const VERSION = "HTTP/1.";
/** Length of "HTTP/1.1 200". */
const SHORTEST = 12;
/** Maximum number of header lines that are cached. */
const REMEMBERED_AT_MOST = 64;

/** A line of a header section, as received. */
interface Line {
  readonly bytes: Uint8Array;
}

interface StatusLine extends Line {
  readonly status: number;
  readonly reason: string;
  /** Whether the version is HTTP/1.1 and not 1.0. */
  readonly isLatest: boolean;
}

interface FieldLine extends Line, Field {
  readonly isForOneHop: boolean;
  readonly isConnectionChallenge: boolean;
}

/**
 * Reads the header sections of answers. Most lines are the same as in the answer before, which it
 * remembers: comparing bytes is cheaper than parsing them into strings. Use one reader for answers
 * that resemble each other.
 */
export class AnswerHeadReader {
  #statusLine: StatusLine | undefined;
  readonly #fieldLines: FieldLine[] = [];

  /**
   * Reads from the first byte up to the empty line at `end`, exclusive. As strict as RFC 9112 allows:
   * an answer whose length two readers could disagree on is refused (section 6.3).
   * Throws MalformedAnswer.
   */
  read(bytes: Buffer, end: number): AnswerHead {
    const { bytes: first, status, reason, isLatest } = this.#readStatusLine(bytes, end);
    let at = first.length;
    const fields: Field[] = [];
    let connection: string | null = null;
    let length: string | null = null;
    let coding: string | null = null;
    let authenticatesConnection = false;
    for (let index = 0; at < end; index += 1) {
      if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new MalformedAnswer(CONTROL);
      const line = this.#readFieldLine(index, bytes, at + 2, end);
      const { name, value } = line;
      at += 2 + line.bytes.length;
      if (line.isConnectionChallenge) authenticatesConnection = true;
      if (name === "connection") connection = joined(connection, value);
      else if (name === "transfer-encoding") coding = joined(coding, value);
      else if (name === "content-length") {
        // Some servers send it twice; equal values are harmless (RFC 9110 section 8.6).
        if (length !== null && length !== value)
          throw new MalformedAnswer("two different Content-Length fields");
        if (length === null) fields.push(line);
        length = value;
      } else if (!line.isForOneHop) fields.push(line);
    }
    const size = contentLength(length);
    if (length !== null && size === undefined) {
      throw new MalformedAnswer("Content-Length is not a number");
    }
    if (coding !== null) {
      if (coding.toLowerCase() !== "chunked") {
        throw new MalformedAnswer("a Transfer-Encoding other than chunked");
      }
      if (length !== null) throw new MalformedAnswer("both Content-Length and Transfer-Encoding");
      if (!isLatest) throw new MalformedAnswer("Transfer-Encoding in HTTP/1.0");
    }
    return {
      status,
      reason,
      fields: withoutNominated(fields, connection),
      contentLength: size,
      chunked: coding !== null,
      persists: isLatest && (connection === null || !/\bclose\b/i.test(connection)),
      authenticatesConnection,
    };
  }

  #readStatusLine(bytes: Buffer, end: number): StatusLine {
    const known = this.#statusLine;
    if (known !== undefined && isLineAt(bytes, 0, end, known)) return known;
    const line = parseStatusLine(bytes, end);
    this.#statusLine = line;
    return line;
  }

  #readFieldLine(index: number, bytes: Buffer, start: number, end: number): FieldLine {
    const known = this.#fieldLines[index];
    if (known !== undefined && isLineAt(bytes, start, end, known)) return known;
    const line = parseFieldLine(bytes, start, end);
    if (index < REMEMBERED_AT_MOST) this.#fieldLines[index] = line;
    return line;
  }
}

/** Whether the line at `start` is exactly this one. */
function isLineAt(bytes: Uint8Array, start: number, end: number, line: Line): boolean {
  const { bytes: known } = line;
  const after = start + known.length;
  if (after !== end && bytes[after] !== CR) return false;
  for (let at = 0; at < known.length; at += 1) if (bytes[start + at] !== known[at]) return false;
  return true;
}

function parseStatusLine(bytes: Buffer, end: number): StatusLine {
  const at = endOfText(bytes, 0, end);
  const text = bytes.toString("latin1", 0, at);
  const minor = text[7];
  const status = digit(bytes[9]) * 100 + digit(bytes[10]) * 10 + digit(bytes[11]);
  const isStatusLine =
    text.startsWith(VERSION) &&
    (minor === "0" || minor === "1") &&
    text[8] === " " &&
    status >= 100 &&
    status <= 599 &&
    (at === SHORTEST || (at > SHORTEST && text[SHORTEST] === " "));
  if (!isStatusLine) throw new MalformedAnswer("the first line is not a status line");
  const reason = text.slice(SHORTEST + 1);
  return { bytes: copyOf(bytes, 0, at), status, reason, isLatest: minor === "1" };
}

function parseFieldLine(bytes: Buffer, start: number, end: number): FieldLine {
  let at = start;
  while (isClass(IN_TOKEN, bytes, at)) at += 1;
  const written = bytes.toString("latin1", start, at);
  // Whitespace before the colon must be removed (RFC 9112 section 5.1). Before the name it would be
  // obsolete line folding, which is refused (section 5.2).
  while (isSpace(bytes[at])) at += 1;
  if (written === "" || bytes[at] !== COLON)
    throw new MalformedAnswer("a line that is not a field");
  at += 1;
  while (isSpace(bytes[at])) at += 1;
  const from = at;
  at = endOfText(bytes, at, end);
  let to = at;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  const value = bytes.toString("latin1", from, to);
  const name = written.toLowerCase();
  return {
    bytes: copyOf(bytes, start, at),
    name,
    value,
    line: `${written}: ${value}\r\n`,
    isForOneHop: removedFields.has(name),
    isConnectionChallenge: isConnectionChallenge(name, value),
  };
}

const CONTROL = "a control character in the header section";
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const COLON = 0x3a;

/** Which bytes may be in a token and which in a value, as a lookup table. */
const IN_TOKEN = 1;
const IN_TEXT = 2;
const CLASSES = Uint8Array.from({ length: 256 }, (_, code) => {
  const isToken = TOKEN.test(String.fromCharCode(code));
  const isText = code === TAB || (code >= SPACE && code !== 0x7f);
  return (isToken ? IN_TOKEN : 0) | (isText ? IN_TEXT : 0);
});

function isClass(wanted: number, bytes: Uint8Array, at: number): boolean {
  return ((CLASSES[bytes[at] ?? 0] ?? 0) & wanted) !== 0;
}

/** The index of the first byte that cannot be part of a line's text. */
function endOfText(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isClass(IN_TEXT, bytes, at)) at += 1;
  return at;
}

/** The digit's value; NaN for any other byte. */
function digit(code: number | undefined): number {
  return code !== undefined && code >= ZERO && code <= ZERO + 9 ? code - ZERO : Number.NaN;
}

function isSpace(code: number | undefined): boolean {
  return code === SPACE || code === TAB;
}

/** Unlike `listWith`, keeps empty elements visible: they make a Transfer-Encoding invalid. */
function joined(present: string | null, value: string): string {
  return present === null ? value : `${present}, ${value}`;
}

function withoutNominated(fields: Field[], connection: string | null): Field[] {
  const nominated = namedByConnection(connection);
  if (nominated.length === 0) return fields;
  return fields.filter(({ name }) => !nominated.includes(name));
}
