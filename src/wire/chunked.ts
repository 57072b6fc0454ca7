import { Malformed } from "./malformed.ts";
import { TOKEN } from "../http/fields.ts";

/** Maximum length of a line between chunks: a size with its extension, or a trailer. */
const LONGEST_LINE = 4_096;
/** Maximum number of trailers in a message. */
const MOST_TRAILERS = 100;
// A size that a number represents exactly, then extensions without control characters.
const SIZE_LINE = /^([0-9A-Fa-f]{1,13})[\t ]*(?:;[\t\x20-\x7E\x80-\xFF]*)?$/;
const VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/;
const LF = 0x0a;

type State = "size" | "content" | "end of content" | "trailers" | "over";

/** Decodes chunked content (RFC 9112 section 7.1). */
export class ChunkedDecoder {
  #state: State = "size";
  /** Bytes of the current chunk still to come. */
  #left = 0;
  /** The beginning of an incomplete line. */
  #line = "";
  #trailers = 0;

  /** Whether the last chunk and all trailers have been read. */
  get over(): boolean {
    return this.#state === "over";
  }

  /**
   * Reads on. `take` gets each piece of content as a view of `bytes`, not a copy. Returns how many
   * bytes were read; once it is over, the rest does not belong to this message. Trailers are checked
   * and dropped. Throws Malformed.
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
      if (this.#line.length > LONGEST_LINE) throw new Malformed("an overlong line between chunks");
      if (end === -1) break;
      if (!this.#line.endsWith("\r\n")) throw new Malformed("a bare LF between chunks");
      const line = this.#line.slice(0, -2);
      this.#line = "";
      this.#readLine(line);
    }
    return at;
  }

  #readLine(line: string): void {
    switch (this.#state) {
      case "size": {
        const size = SIZE_LINE.exec(line)?.[1];
        if (size === undefined) throw new Malformed("a chunk size that is not a number");
        this.#left = Number.parseInt(size, 16);
        this.#state = this.#left === 0 ? "trailers" : "content";
        return;
      }
      case "end of content":
        if (line !== "") throw new Malformed("a chunk longer than its size");
        this.#state = "size";
        return;
      case "trailers":
        if (line === "") {
          this.#state = "over";
          return;
        }
        this.#trailers += 1;
        if (this.#trailers > MOST_TRAILERS || !isField(line)) {
          throw new Malformed("invalid or too many trailers");
        }
        return;
      case "content":
      case "over":
        throw new Error(`no line is expected in the state "${this.#state}"`);
    }
  }
}

/** Content as one chunk; not for content of no bytes, which would be the last chunk. */
export function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, LINE_END]);
}

/** The end of chunked content. */
export const LAST_CHUNK = "0\r\n\r\n";
const LINE_END = Buffer.from("\r\n");

function isField(line: string): boolean {
  const colon = line.indexOf(":");
  return colon !== -1 && TOKEN.test(line.slice(0, colon)) && VALUE.test(line.slice(colon + 1));
}
