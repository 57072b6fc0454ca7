import { copyOf } from "./bytes.ts";
import { isConnectionChallenge } from "../http/connection-auth.ts";
import { type Field, fieldOf } from "../http/field.ts";
import {
  contentLength,
  hasToken,
  joined,
  namedByConnection,
  removedFields,
} from "../http/fields.ts";
import {
  endOf,
  type FieldGrammar,
  type FieldLine,
  FieldLines,
  IN_TEXT,
  isLineAt,
} from "./head-lines.ts";
import { Malformed } from "./malformed.ts";

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
  /** The Upgrade field; null without one. */
  readonly upgrade: string | null;
  /** The fields, in lower case, that are for this connection only, wherever in the answer they stand. */
  readonly nominated: readonly string[];
}

const VERSION = "HTTP/1.";
/** Length of "HTTP/1.1 200". */
const SHORTEST = 12;

interface StatusLine {
  /** As received. */
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly reason: string;
  /** Whether the version is HTTP/1.1 and not 1.0. */
  readonly isLatest: boolean;
}

/** What follows from the field lines. */
interface Section {
  readonly lines: readonly FieldLine[];
  readonly fields: readonly Field[];
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  readonly closes: boolean;
  readonly authenticatesConnection: boolean;
  readonly upgrade: string | null;
  readonly nominated: readonly string[];
}

/**
 * Reads the header sections of answers. Most lines are the same as in the answer before, which it
 * remembers. Use one reader for answers that resemble each other.
 */
export class AnswerHeadReader {
  #statusLine: StatusLine | undefined;
  readonly #fieldLines = new FieldLines(GRAMMAR);
  #section: Section | undefined;

  /**
   * Reads from the first byte up to the empty line at `end`, exclusive. As strict as RFC 9112 allows:
   * an answer whose length two readers could disagree on is refused (section 6.3). Throws Malformed.
   */
  read(bytes: Buffer, end: number): AnswerHead {
    const { bytes: first, status, reason, isLatest } = this.#readStatusLine(bytes, end);
    const lines = this.#fieldLines.read(bytes, first.length, end);
    let section = this.#section;
    if (section === undefined || section.lines !== lines) {
      section = sectionOf(lines);
      this.#section = section;
    }
    if (section.chunked && !isLatest) throw new Malformed("Transfer-Encoding in HTTP/1.0");
    return {
      status,
      reason,
      fields: section.fields.slice(),
      contentLength: section.contentLength,
      chunked: section.chunked,
      persists: isLatest && !section.closes,
      authenticatesConnection: section.authenticatesConnection,
      upgrade: section.upgrade,
      nominated: section.nominated,
    };
  }

  #readStatusLine(bytes: Buffer, end: number): StatusLine {
    const known = this.#statusLine;
    if (known !== undefined && isLineAt(bytes, 0, end, known.bytes, 0, known.bytes.length)) {
      return known;
    }
    const line = parseStatusLine(bytes, end);
    this.#statusLine = line;
    return line;
  }
}

const PLAIN = 0;
const FOR_ONE_HOP = 1;
const CONNECTION = 2;
const TRANSFER_ENCODING = 3;
const CONTENT_LENGTH = 4;
const CHALLENGE = 5;
const UPGRADE = 6;
const TRAILER = 7;

const GRAMMAR: FieldGrammar = {
  allowsBlanksBeforeColon: true,
  mostFields: Number.POSITIVE_INFINITY,
  kindOf(name, value) {
    if (name === "connection") return CONNECTION;
    if (name === "transfer-encoding") return TRANSFER_ENCODING;
    if (name === "content-length") return CONTENT_LENGTH;
    if (name === "upgrade") return UPGRADE;
    if (name === "trailer") return TRAILER;
    if (isConnectionChallenge(name, value)) return CHALLENGE;
    return removedFields.has(name) ? FOR_ONE_HOP : PLAIN;
  },
};

function sectionOf(lines: readonly FieldLine[]): Section {
  const fields: Field[] = [];
  let connection: string | null = null;
  let length: string | null = null;
  let coding: string | null = null;
  let upgrade: string | null = null;
  let challenges = false;
  let announcesTrailers = false;
  for (const line of lines) {
    switch (line.kind) {
      case FOR_ONE_HOP:
        break;
      case CONNECTION:
        connection = joined(connection, line.value);
        break;
      case TRANSFER_ENCODING:
        coding = joined(coding, line.value);
        break;
      case UPGRADE:
        upgrade = joined(upgrade, line.value);
        break;
      case CONTENT_LENGTH: {
        const one = oneLength(line.value);
        if (length === null) fields.push(one === line.value ? line : withValue(line, one));
        else if (length !== one) throw new Malformed("two different Content-Length fields");
        length = one;
        break;
      }
      case CHALLENGE:
        challenges = true;
        fields.push(line);
        break;
      case TRAILER:
        announcesTrailers = true;
        fields.push(line);
        break;
      default:
        fields.push(line);
    }
  }
  const size = contentLength(length);
  if (length !== null && size === undefined) throw new Malformed("Content-Length is not a number");
  if (coding !== null) {
    if (coding.toLowerCase() !== "chunked") {
      throw new Malformed("a Transfer-Encoding other than chunked");
    }
    if (length !== null) throw new Malformed("both Content-Length and Transfer-Encoding");
  }
  // Only chunks are followed by trailers.
  const unannounced = announcesTrailers && coding === null ? without(["trailer"], fields) : fields;
  const nominated = namedByConnection(connection);
  return {
    lines,
    fields: nominated.length === 0 ? unannounced : without(nominated, unannounced),
    contentLength: size,
    chunked: coding !== null,
    closes: hasToken(connection, "close"),
    authenticatesConnection: challenges,
    upgrade,
    nominated,
  };
}

/**
 * Some servers send their length twice, in two fields or, once a proxy has joined them, in one; equal
 * values are harmless (RFC 9112 section 6.3).
 */
function oneLength(value: string): string {
  if (!value.includes(",")) return value;
  const [first = "", ...others] = value.split(",").map((element) => element.trim());
  return others.every((other) => other === first) ? first : value;
}

function withValue({ line }: Field, value: string): Field {
  return fieldOf(line.slice(0, line.indexOf(":")), value);
}

function parseStatusLine(bytes: Buffer, end: number): StatusLine {
  const at = endOf(IN_TEXT, bytes, 0, end);
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
  if (!isStatusLine) throw new Malformed("the first line is not a status line");
  const reason = text.slice(SHORTEST + 1);
  return { bytes: copyOf(bytes, 0, at), status, reason, isLatest: minor === "1" };
}

const ZERO = 0x30;

/** The digit's value; NaN for any other byte. */
function digit(code: number | undefined): number {
  return code !== undefined && code >= ZERO && code <= ZERO + 9 ? code - ZERO : Number.NaN;
}

function without(names: readonly string[], fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ name }) => !names.includes(name));
}
