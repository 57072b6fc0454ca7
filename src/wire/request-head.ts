import { copyOf } from "./bytes.ts";
import type { Field } from "../http/field.ts";
import { contentLength, hasToken, joined } from "../http/fields.ts";
import {
  CONTROL,
  CR,
  endOf,
  type FieldGrammar,
  type FieldLine,
  FieldLines,
  IN_TARGET,
  hasStrayControl,
  IN_TOKEN,
  isLineAt,
  LF,
  SPACE,
} from "./head-lines.ts";
import { Malformed } from "./malformed.ts";
import { otherProtocol } from "./other-protocols.ts";

/** A request's header section. Immutable: requests with equal ones share it. */
export interface RequestHead {
  readonly method: string;
  /** As it was sent, without control characters and blanks; each character is one byte. Not judged. */
  readonly target: string;
  readonly protocol: "HTTP/1.0" | "HTTP/1.1";
  /** In order, all of them. */
  readonly fields: readonly Field[];
  /** As it was sent; undefined only in HTTP/1.0. Not judged. */
  readonly host: string | undefined;
  /** In bytes; undefined without the field. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  /** Whether the client allows a further request on its connection (RFC 9112 section 9.3). */
  readonly persists: boolean;
  /** Whether the client may wait for a 100 with its content (RFC 9110 section 10.1.1). */
  readonly expectsContinue: boolean;
  /** The protocols that the client would change to (RFC 9110 section 7.8). */
  readonly upgrade: string | undefined;
}

/** Maximum number of fields in a request. */
const MOST_FIELDS = 256;
/** Longer request lines are not remembered. */
const LONGEST_REMEMBERED = 2_048;
/** Maximum number of empty lines before a request that are skipped at a time. */
const MOST_EMPTY_LINES = 8;

interface RequestLine {
  /** In bytes, as received. */
  readonly length: number;
  readonly method: string;
  readonly target: string;
  readonly protocol: RequestHead["protocol"];
}

/** What follows from the field lines and the version. */
type Section = Omit<RequestHead, "method" | "target">;

/**
 * Reads the header sections of requests. Most lines are the same as in the request before, which it
 * remembers. Use one reader for each client's connection.
 */
export class RequestHeadReader {
  #known: Buffer = NOTHING;
  #line: RequestLine | undefined;
  readonly #fieldLines = new FieldLines(GRAMMAR);
  #lines: readonly FieldLine[] | undefined;
  #head: RequestHead | undefined;

  /**
   * Reads from `start` up to the empty line at `end`, exclusive. As strict as RFC 9112 allows: a request
   * that two readers could understand differently is refused. Throws Malformed.
   */
  read(bytes: Buffer, end: number, start = 0): RequestHead {
    const line = this.#readRequestLine(bytes, start, end);
    const lines = this.#fieldLines.read(bytes, start + line.length, end);
    const before = this.#head;
    const hasSameFields = lines === this.#lines && before?.protocol === line.protocol;
    if (hasSameFields && before.method === line.method && before.target === line.target) {
      return before;
    }
    const section = hasSameFields ? before : sectionOf(lines, line.protocol);
    const head: RequestHead = {
      method: line.method,
      target: line.target,
      protocol: section.protocol,
      fields: section.fields,
      host: section.host,
      contentLength: section.contentLength,
      chunked: section.chunked,
      persists: section.persists,
      expectsContinue: section.expectsContinue,
      upgrade: section.upgrade,
    };
    // A head that is too long to be remembered must not stay with an idle connection.
    if (line === this.#line && lines === this.#fieldLines.remembered) {
      this.#head = head;
      this.#lines = lines;
    }
    return head;
  }

  #readRequestLine(bytes: Buffer, start: number, end: number): RequestLine {
    const known = this.#line;
    if (known !== undefined && isLineAt(bytes, start, end, this.#known, 0, known.length)) {
      return known;
    }
    const line = parseRequestLine(bytes, start, end);
    if (line.length <= LONGEST_REMEMBERED) {
      this.#known = copyOf(bytes, start, start + line.length);
      this.#line = line;
    }
    return line;
  }
}

/**
 * The index of the first byte from `start` on that does not belong to an empty line. Empty lines before
 * a request are skipped (RFC 9112 section 2.2); a CR may be the beginning of one. Throws Malformed if
 * there are more than a careless client sends.
 */
export function afterEmptyLines(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  if (at - start > 2 * MOST_EMPTY_LINES) throw new Malformed("too many empty lines");
  return at;
}

/**
 * Checks further bytes, from `start` on, of a head that has not ended yet, so that what can never become
 * one is refused at once instead of being waited for. Throws Malformed.
 */
export function checkUnfinished(bytes: Uint8Array, start: number): void {
  if (hasStrayControl(bytes, start)) throw new Malformed(otherProtocol(bytes, 0) ?? CONTROL);
}

const NOTHING = Buffer.alloc(0);

function parseRequestLine(bytes: Buffer, start: number, end: number): RequestLine {
  const methodEnd = endOf(IN_TOKEN, bytes, start, end);
  const targetEnd = endOf(IN_TARGET, bytes, methodEnd + 1, end);
  const lineEnd = endOf(IN_TARGET, bytes, targetEnd + 1, end);
  const isRequestLine =
    methodEnd > start &&
    bytes[methodEnd] === SPACE &&
    targetEnd > methodEnd + 1 &&
    bytes[targetEnd] === SPACE &&
    (lineEnd >= end || bytes[lineEnd] === CR);
  if (!isRequestLine) {
    throw new Malformed(otherProtocol(bytes, start) ?? "the first line is not a request line");
  }
  return {
    length: lineEnd - start,
    method: bytes.toString("latin1", start, methodEnd),
    target: bytes.toString("latin1", methodEnd + 1, targetEnd),
    protocol: protocolOf(bytes.toString("latin1", targetEnd + 1, lineEnd)),
  };
}

function protocolOf(version: string): RequestHead["protocol"] {
  if (version === "HTTP/1.1" || version === "HTTP/1.0") return version;
  if (/^HTTP\/[0-9]\.[0-9]$/.test(version)) {
    throw new Malformed("a version of HTTP other than 1.1 and 1.0", 505);
  }
  throw new Malformed("the first line is not a request line");
}

const PLAIN = 0;
const HOST = 1;
const CONNECTION = 2;
const TRANSFER_ENCODING = 3;
const CONTENT_LENGTH = 4;
const EXPECT = 5;
const UPGRADE = 6;

const KINDS = new Map([
  ["host", HOST],
  ["connection", CONNECTION],
  ["transfer-encoding", TRANSFER_ENCODING],
  ["content-length", CONTENT_LENGTH],
  ["expect", EXPECT],
  ["upgrade", UPGRADE],
]);

const GRAMMAR: FieldGrammar = {
  allowsBlanksBeforeColon: false,
  mostFields: MOST_FIELDS,
  kindOf: (name) => KINDS.get(name) ?? PLAIN,
};

function sectionOf(lines: readonly FieldLine[], protocol: RequestHead["protocol"]): Section {
  const isLatest = protocol === "HTTP/1.1";
  let host: string | undefined;
  let connection: string | null = null;
  let coding: string | null = null;
  let length: string | null = null;
  let expectation: string | null = null;
  let upgrade: string | null = null;
  for (const { kind, value } of lines) {
    if (kind === PLAIN) continue;
    switch (kind) {
      case HOST:
        if (host !== undefined) throw new Malformed("more than one Host field");
        host = value;
        break;
      case CONNECTION:
        connection = joined(connection, value);
        break;
      case TRANSFER_ENCODING:
        coding = joined(coding, value);
        break;
      case CONTENT_LENGTH:
        // Proxies and backends differ in what they make of two, even if these agree.
        if (length !== null) throw new Malformed("more than one Content-Length field");
        length = value;
        break;
      case EXPECT:
        expectation = joined(expectation, value);
        break;
      case UPGRADE:
        upgrade = joined(upgrade, value);
        break;
    }
  }
  if (isLatest && host === undefined) throw new Malformed("no Host field");
  const size = contentLength(length);
  if (length !== null && size === undefined) throw new Malformed("Content-Length is not a number");
  if (coding !== null) checkCoding(coding, isLatest, length !== null);
  return {
    protocol,
    fields: lines,
    host,
    contentLength: size,
    chunked: coding !== null,
    persists: !hasToken(connection, "close") && (isLatest || hasToken(connection, "keep-alive")),
    expectsContinue: isLatest && hasToken(expectation, "100-continue"),
    upgrade: upgrade !== null && isLatest && hasToken(connection, "upgrade") ? upgrade : undefined,
  };
}

const CODINGS_BEFORE_CHUNKED =
  /^(?:(?:x-)?(?:gzip|compress)|deflate)(?:[\t ]*,[\t ]*(?:(?:x-)?(?:gzip|compress)|deflate))*[\t ]*,[\t ]*chunked$/i;

/**
 * Only chunks are understood (RFC 9112 section 6.1). If anything else could be meant, the request's
 * length is in doubt.
 */
function checkCoding(coding: string, isLatest: boolean, hasLength: boolean): void {
  if (hasLength) throw new Malformed("both Content-Length and Transfer-Encoding");
  if (!isLatest) throw new Malformed("Transfer-Encoding in HTTP/1.0");
  if (coding.toLowerCase() === "chunked") return;
  const isKnown = CODINGS_BEFORE_CHUNKED.test(coding);
  throw new Malformed("a Transfer-Encoding other than chunked", isKnown ? 501 : 400);
}
