import type { Field } from "../http/field.ts";
import { allowedTrailers } from "../http/trailers.ts";
import { type FieldGrammar, parseFieldLine } from "./head-lines.ts";
import { Malformed } from "./malformed.ts";

/** Maximum length of a line between chunks: a size with its extensions. */
const LONGEST_LINE = 4_096;
/** Maximum bytes of extensions that are not made up for by content. */
const MOST_EXCESS = 16_384;
/** What a chunk's line may have in excess of its content: few bytes, and twice the content. */
const ALLOWED_PER_CHUNK = 16;
const ALLOWED_PER_BYTE = 2;
/** Maximum number of trailers in a message, and of bytes in all of them. */
const MOST_TRAILERS = 100;
const MOST_TRAILER_BYTES = 16_384;
const LF = 0x0a;

// A size that a number represents exactly, then extensions (RFC 9112 section 7.1.1). Blanks are a part
// of an extension, so none may stand at the end.
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = String.raw`"(?:[\t !#-\[\]-~\x80-\xFF]|\\[\t -~\x80-\xFF])*"`;
const EXTENSION = String.raw`[\t ]*;[\t ]*${TOKEN}(?:[\t ]*=[\t ]*(?:${TOKEN}|${QUOTED}))?`;
const SIZE_LINE = new RegExp(`^([0-9A-Fa-f]{1,13})(?:${EXTENSION})*$`);

type State = "size" | "content" | "end of content" | "trailers" | "over";

/**
 * Decodes chunked content (RFC 9112 section 7.1). What comes of it does not depend on the pieces in which
 * it arrives.
 */
export class ChunkedDecoder {
  #state: State = "size";
  /** Bytes of the current chunk still to come. */
  #left = 0;
  /** The beginning of an incomplete line. */
  #line = "";
  #excess = 0;
  #fields: Field[] | undefined;
  #trailerBytes = 0;

  /** Whether the last chunk and all trailers have been read. */
  get over(): boolean {
    return this.#state === "over";
  }

  /**
   * The fields after the content, without those that must not be there (RFC 9110 section 6.5.1);
   * undefined without any, and until it is over.
   */
  get trailers(): readonly Field[] | undefined {
    if (this.#state !== "over" || this.#fields === undefined) return undefined;
    return allowedTrailers(this.#fields);
  }

  /**
   * Reads on. `take` gets each piece of content as a view of `bytes`, not a copy. Returns how many
   * bytes were read; once it is over, the rest does not belong to this message. Throws Malformed.
   */
  decode(bytes: Buffer, take: (piece: Uint8Array) => void): number {
    let at = 0;
    while (at < bytes.length && this.#state !== "over") {
      if (this.#state === "content") {
        const piece = bytes.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#state = "end of content";
        take(piece);
        continue;
      }
      const end = bytes.indexOf(LF, at);
      const stop = end === -1 ? bytes.length : end + 1;
      this.#line += bytes.toString("latin1", at, stop);
      at = stop;
      this.#checkLength();
      if (end === -1) break;
      if (!this.#line.endsWith("\r\n")) throw new Malformed("a bare LF between chunks");
      const line = this.#line.slice(0, -2);
      this.#line = "";
      this.#readLine(line);
    }
    return at;
  }

  #checkLength(): void {
    const { length } = this.#line;
    if (this.#state === "trailers") {
      if (this.#trailerBytes + length > MOST_TRAILER_BYTES) throw new Malformed(BAD_TRAILERS);
    } else if (length > LONGEST_LINE) throw new Malformed("an overlong line between chunks");
  }

  #readLine(line: string): void {
    switch (this.#state) {
      case "size": {
        const size = SIZE_LINE.exec(line)?.[1];
        if (size === undefined) throw new Malformed("a chunk size that is not a number");
        this.#left = Number.parseInt(size, 16);
        const allowed = ALLOWED_PER_CHUNK + ALLOWED_PER_BYTE * this.#left;
        this.#excess = Math.max(0, this.#excess + line.length - allowed);
        if (this.#excess > MOST_EXCESS) throw new Malformed("more extensions than content");
        this.#state = this.#left === 0 ? "trailers" : "content";
        return;
      }
      case "end of content":
        if (line !== "") throw new Malformed("a chunk longer than its size");
        this.#state = "size";
        return;
      case "trailers":
        if (line === "") this.#state = "over";
        else this.#readTrailer(line);
        return;
      case "content":
      case "over":
        throw new Error(`no line is expected in the state "${this.#state}"`);
    }
  }

  #readTrailer(line: string): void {
    this.#trailerBytes += line.length;
    this.#fields ??= [];
    const field = trailerOf(line);
    if (field === undefined || this.#fields.length === MOST_TRAILERS) {
      throw new Malformed(BAD_TRAILERS);
    }
    this.#fields.push(field);
  }
}

const BAD_TRAILERS = "invalid or too many trailers";

const GRAMMAR: FieldGrammar = {
  allowsBlanksBeforeColon: false,
  mostFields: MOST_TRAILERS,
  kindOf: () => 0,
};

function trailerOf(line: string): Field | undefined {
  const bytes = Buffer.from(line, "latin1");
  try {
    const field = parseFieldLine(bytes, 0, bytes.length, GRAMMAR);
    return field.length === bytes.length ? field : undefined;
  } catch {
    return undefined;
  }
}

/** Content as one chunk; not for content of no bytes, which would be the last chunk. */
export function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, LINE_END]);
}

const LINE_END = Buffer.from("\r\n");

/** The end of chunked content. Each character is one byte. */
export function lastChunk(trailers: readonly Field[] | undefined): string {
  if (trailers === undefined) return "0\r\n\r\n";
  let text = "0\r\n";
  for (const { line } of trailers) text += line;
  return `${text}\r\n`;
}
