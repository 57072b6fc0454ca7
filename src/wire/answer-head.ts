import { copyOf } from "./bytes.ts";
import { isConnectionChallenge } from "../http/connection-auth.ts";
import { contentLength, namedByConnection, removedFields, TOKEN } from "../http/fields.ts";

/** What of an answer's header section its receiver needs: who gets it next, and how long it is. */
export interface AnswerHead {
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  /** Names in lower case, each followed by its value; what is for one connection only is left out. */
  readonly fields: string[];
  /** What frames the content, where the status and the request's method allow any. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  /** Whether the connection stays open for a further request (RFC 9112 section 9.3). */
  readonly persists: boolean;
  /** Whether the connection is, or is to be, authenticated instead of each request. */
  readonly authenticatesConnection: boolean;
}

/** Bytes that are not the answer that RFC 9112 describes. The message tells what is wrong. */
export class MalformedAnswer extends Error {}

const VERSION = "HTTP/1.";
/** Of "HTTP/1.1 200". */
const SHORTEST = 12;
/** Lines that are remembered of a header section. */
const REMEMBERED_AT_MOST = 64;

/** A line of a header section, as it came. */
interface Line {
  readonly bytes: Uint8Array;
}

interface StatusLine extends Line {
  readonly status: number;
  readonly reason: string;
  /** Whether the version is HTTP/1.1 and not 1.0. */
  readonly isLatest: boolean;
}

interface FieldLine extends Line {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  readonly isForOneHop: boolean;
  readonly isConnectionChallenge: boolean;
}

/**
 * Reads the header sections of answers. Most lines of one are those of the one before, which it
 * remembers: to compare bytes is cheaper than to take them apart and make texts of them. One reader
 * is for those whose answers resemble each other.
 */
export class AnswerHeadReader {
  #statusLine: StatusLine | undefined;
  readonly #fieldLines: FieldLine[] = [];

  /**
   * Reads from the first byte up to, and without, the empty line at `end`. As strict as RFC 9112
   * allows: where two readers could differ on an answer's length, nobody gets it (section 6.3).
   * Throws MalformedAnswer.
   */
  read(bytes: Buffer, end: number): AnswerHead {
    const { bytes: first, status, reason, isLatest } = this.#readStatusLine(bytes, end);
    let at = first.length;
    const fields: string[] = [];
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
        // Some say it twice; the same is no harm (RFC 9110 section 8.6).
        if (length !== null && length !== value) throw new MalformedAnswer("two Content-Length");
        if (length === null) fields.push(name, value);
        length = value;
      } else if (!line.isForOneHop) fields.push(name, value);
    }
    const size = contentLength(length);
    if (length !== null && size === undefined) {
      throw new MalformedAnswer("its Content-Length is not a number");
    }
    if (coding !== null) {
      if (coding.toLowerCase() !== "chunked") {
        throw new MalformedAnswer("a Transfer-Encoding other than chunked");
      }
      if (length !== null) throw new MalformedAnswer("Content-Length beside Transfer-Encoding");
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

/** Whether the line that starts there is this one, and no longer. */
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
  if (!isStatusLine) throw new MalformedAnswer("its first line is no status line");
  const reason = text.slice(SHORTEST + 1);
  return { bytes: copyOf(bytes, 0, at), status, reason, isLatest: minor === "1" };
}

function parseFieldLine(bytes: Buffer, start: number, end: number): FieldLine {
  let at = start;
  while (isClass(IN_TOKEN, bytes, at)) at += 1;
  const name = bytes.toString("latin1", start, at).toLowerCase();
  // White space is to be removed before the colon (RFC 9112 section 5.1). Before the name it would
  // continue the line above, which is not done any more (section 5.2).
  while (isSpace(bytes[at])) at += 1;
  if (name === "" || bytes[at] !== COLON) throw new MalformedAnswer("a line that is no field");
  at += 1;
  while (isSpace(bytes[at])) at += 1;
  const from = at;
  at = endOfText(bytes, at, end);
  let to = at;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  const value = bytes.toString("latin1", from, to);
  return {
    bytes: copyOf(bytes, start, at),
    name,
    value,
    isForOneHop: removedFields.has(name),
    isConnectionChallenge: isConnectionChallenge(name, value),
  };
}

const CONTROL = "a control character in its header section";
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const COLON = 0x3a;

/** Which bytes may be in a token, and which in a value: a look at each is all that they get. */
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

/** Where a line's text ends, by what cannot be a part of it. */
function endOfText(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isClass(IN_TEXT, bytes, at)) at += 1;
  return at;
}

/** NaN for what is none. */
function digit(code: number | undefined): number {
  return code !== undefined && code >= ZERO && code <= ZERO + 9 ? code - ZERO : Number.NaN;
}

function isSpace(code: number | undefined): boolean {
  return code === SPACE || code === TAB;
}

/** Unlike `listWith`, this shows that an empty one was there: it makes a Transfer-Encoding doubtful. */
function joined(present: string | null, value: string): string {
  return present === null ? value : `${present}, ${value}`;
}

function withoutNominated(fields: string[], connection: string | null): string[] {
  const nominated = namedByConnection(connection);
  if (nominated.length === 0) return fields;
  return fields.filter((_, index) => !nominated.includes(fields[index - (index % 2)] ?? ""));
}
