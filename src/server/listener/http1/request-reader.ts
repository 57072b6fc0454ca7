import type { RequestRefusal } from "../../../pipeline/client-request.ts";
import type { IncomingContent } from "../../../pipeline/incoming-content.ts";
import { restOf } from "../../../wire/bytes.ts";
import { ChunkedDecoder } from "../../../wire/chunked.ts";
import { Malformed } from "../../../wire/malformed.ts";
import {
  afterEmptyLines,
  checkUnfinished,
  type RequestHead,
  RequestHeadReader,
} from "../../../wire/request-head.ts";

/** Bytes of a request line that is not valid which are looked at for the log. */
const LONGEST_SHOWN = 2_048;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ([!-~\x80-\xFF]*)/;
const NOTHING: RequestHead = {
  method: "",
  target: "",
  protocol: "HTTP/1.1",
  fields: [],
  host: undefined,
  contentLength: undefined,
  chunked: false,
  persists: false,
  expectsContinue: false,
  upgrade: undefined,
};
const CR = 0x0d;
const HEAD_END = Buffer.from("\r\n\r\n");

/** Takes apart what a client sends: header section, content, header section, … */
export class RequestReader {
  readonly #sharedHeads: RequestHeadReader;
  /** Remembers the lines of this connection's requests. */
  #ownHeads: RequestHeadReader | undefined;
  #isFirst = true;
  #unread: Buffer | undefined;
  /** How much of the unread bytes is known not to contain the end of a header section. */
  #searched = 0;
  /** Bytes of content still to come. */
  #left = 0;
  #chunks: ChunkedDecoder | undefined;
  #isDiscarding = false;

  /** Whether some of the current request's content has arrived. */
  isContentBegun = false;

  /**
   * `sharedHeads` reads the first request, so that a connection that carries one and falls idle, as most
   * do, remembers nothing.
   */
  constructor(sharedHeads: RequestHeadReader) {
    this.#sharedHeads = sharedHeads;
  }

  /** Gives back the memory that only makes the next request cheaper. */
  rest(): void {
    this.#ownHeads = undefined;
    this.#isFirst = true;
  }

  /** Whether bytes have arrived that have not been read. */
  get hasUnread(): boolean {
    return this.#unread !== undefined;
  }

  get unreadBytes(): number {
    return this.#unread?.length ?? 0;
  }

  /** Whether the current request's content has been read to its end. */
  get isContentOver(): boolean {
    return this.#left === 0 && this.#chunks === undefined;
  }

  /** Bytes of content still to come; undefined if unknown. */
  get contentLeft(): number | undefined {
    return this.#chunks === undefined ? this.#left : undefined;
  }

  add(bytes: Buffer): void {
    this.#unread = this.#unread === undefined ? bytes : Buffer.concat([this.#unread, bytes]);
  }

  /** All that has arrived and was not read. */
  takeUnread(): Buffer | undefined {
    const bytes = this.#unread;
    this.#unread = undefined;
    return bytes;
  }

  /** The next request's header section; undefined until all of it is there. Throws Malformed. */
  readHead(maxSize: number): RequestHead | undefined {
    const bytes = this.#unread;
    if (bytes === undefined) return undefined;
    const start = this.#searched === 0 ? afterEmptyLines(bytes, 0) : 0;
    if (start > 0) {
      this.#unread = after(bytes, start);
      return this.readHead(maxSize);
    }
    const end = bytes.indexOf(HEAD_END, Math.max(0, this.#searched - HEAD_END.length + 1));
    if ((end === -1 ? bytes.length : end) > maxSize) {
      throw new Malformed(`the header section is larger than ${maxSize} bytes`, 431);
    }
    if (end === -1) {
      checkUnfinished(bytes, this.#searched);
      // An empty line may still be incomplete.
      if (bytes[0] !== CR) this.#searched = bytes.length;
      return undefined;
    }
    const head = this.#heads().read(bytes, end);
    this.#searched = 0;
    this.#unread = after(bytes, end + HEAD_END.length);
    this.#isDiscarding = false;
    this.#left = head.contentLength ?? 0;
    this.isContentBegun = false;
    this.#chunks = head.chunked ? new ChunkedDecoder() : undefined;
    return head;
  }

  #heads(): RequestHeadReader {
    if (this.#ownHeads !== undefined) return this.#ownHeads;
    if (!this.#isFirst) return (this.#ownHeads = new RequestHeadReader());
    this.#isFirst = false;
    return this.#sharedHeads;
  }

  /** What is known of a request that is not valid. All that has arrived counts as read. */
  unreadableHead(): RequestHead {
    const bytes = this.#unread;
    this.giveUpContent();
    this.#searched = 0;
    const text = bytes?.toString("latin1", 0, LONGEST_SHOWN) ?? "";
    const [, method = "", target = ""] = REQUEST_LINE.exec(text) ?? [];
    return { ...NOTHING, method, target };
  }

  /** Hands on what has arrived of the content. Throws Malformed. */
  readContent(content: IncomingContent): void {
    const bytes = this.#unread;
    if (bytes === undefined) return;
    this.isContentBegun = true;
    if (this.#chunks === undefined) {
      const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
      this.#left -= piece.length;
      this.#unread = after(bytes, piece.length);
      if (!this.#isDiscarding) content.push(piece);
      if (this.#left === 0) content.finish();
      return;
    }
    const chunks = this.#chunks;
    const read = chunks.decode(bytes, (piece) => {
      if (!this.#isDiscarding) content.push(piece);
    });
    this.#unread = after(bytes, read);
    if (!chunks.over) return;
    this.#chunks = undefined;
    content.finish(chunks.trailers);
  }

  /** The rest of the content is read, but handed to nobody. */
  discardContent(): void {
    this.#isDiscarding = true;
  }

  /** There is no rest of the content. */
  giveUpContent(): void {
    this.#left = 0;
    this.#chunks = undefined;
    this.#unread = undefined;
  }
}

/** The bytes from an index on; undefined if there are none. */
function after(bytes: Buffer, start: number): Buffer | undefined {
  return start === bytes.length ? undefined : restOf(bytes, start);
}

/** What to answer to a request that could not be read. Throws what is no Malformed. */
export function refusalOf(error: unknown): RequestRefusal {
  if (error instanceof Malformed) return { status: error.status, detail: error.message };
  throw error;
}
