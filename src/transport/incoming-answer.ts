import { type AnswerHead, type AnswerHeadReader, MalformedAnswer } from "../wire/answer-head.ts";
import { copyOf } from "../wire/bytes.ts";
import { ChunkedDecoder } from "../wire/chunked.ts";
import { FieldList } from "../http/field-list.ts";
import type { ContentReader } from "../pipeline/content.ts";
import type { BackendAnswer } from "./backend-answer.ts";

/** The connection that an answer comes on, as far as the answer has a say in it. */
export interface Flow {
  /** Lets what the backend sends wait in the network. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest of the answer. */
  abandon(): void;
}

type ReadResult = Awaited<ReturnType<ContentReader["read"]>>;

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Bytes of a header section. */
const LONGEST_HEAD = 65_536;
/** 1xx answers before the final one. */
const MOST_INTERIM = 32;
/** Bytes that wait for a reader before the backend has to. */
const ENOUGH_WAITING = 262_144;
/** Bytes of content that are copied: to point into what has been received costs as much as 4 KiB. */
const COPIED_AT_MOST = 4_096;
const HEAD_END = Buffer.from("\r\n\r\n");
const PROTOCOL = "HTTP/1.";
const NO_FIELDS = new FieldList();
const END: ReadResult = { done: true };

/** One answer, from its first byte on, put together from what a connection receives. */
export class IncomingAnswer implements BackendAnswer, ContentReader {
  status = 0;
  statusText = "";
  fields = NO_FIELDS;
  contentLength: number | undefined = undefined;
  /** Whether the header section of the final answer has come. */
  hasHead = false;
  /** Whether all of it has come. */
  complete = false;
  /** Whether its connection can be used for another one. */
  persists = false;
  /** Whether its connection is, or is to be, authenticated instead of each request. */
  authenticatesConnection = false;

  readonly #isForHead: boolean;
  readonly #flow: Flow;
  readonly #heads: AnswerHeadReader;
  /** The beginning of a header section of which the end has not come. */
  #partial: Buffer | undefined;
  #interim = 0;
  #chunks: ChunkedDecoder | undefined;
  /** Bytes of content to come; Infinity where chunks or the connection's end will tell. */
  #left = 0;
  #pieces: Uint8Array[] = [];
  #waitingBytes = 0;
  #paused = false;
  #reading: Waiting<ReadResult> | undefined;
  #collecting: (Waiting<Uint8Array> & { readonly all: Uint8Array; at: number }) | undefined;
  #failure: Error | undefined;

  /** An answer to HEAD has no content, whatever its fields say. */
  constructor(isForHead: boolean, flow: Flow, heads: AnswerHeadReader) {
    this.#isForHead = isForHead;
    this.#flow = flow;
    this.#heads = heads;
  }

  /** Whether anything at all has come. */
  get begun(): boolean {
    return this.hasHead || this.#partial !== undefined || this.#interim > 0;
  }

  /** Takes what the connection has received. Throws MalformedAnswer. */
  receive(bytes: Buffer): void {
    const content = this.hasHead ? bytes : this.#readHeads(bytes);
    if (content === undefined) return;
    const read = this.#readContent(content);
    // Nobody has asked for what follows upon an answer, so nothing is to be read from there any more.
    if (read < content.length) this.persists = false;
  }

  /** The backend has closed its side. False when that is not how the answer may end. */
  end(): boolean {
    if (this.complete) return true;
    if (!this.hasHead || this.#left !== Number.POSITIVE_INFINITY || this.#chunks !== undefined) {
      return false;
    }
    this.#finish();
    return true;
  }

  /** The rest will not come. What has come before can still be read. */
  fail(error: Error): void {
    if (this.complete || this.#failure !== undefined) return;
    this.#failure = error;
    this.#reading?.reject(error);
    this.#reading = undefined;
    this.#collecting?.reject(error);
    this.#collecting = undefined;
  }

  whole(length: number): Uint8Array | Promise<Uint8Array> {
    const [first] = this.#pieces;
    if (this.complete && this.#pieces.length === 1 && first !== undefined) return first;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#collecting = { all: new Uint8Array(length), at: 0, resolve, reject };
      const pieces = this.#pieces;
      this.#pieces = [];
      for (const piece of pieces) this.#hand(piece);
      if (this.complete) this.#finish();
      else this.#resume();
    });
  }

  reader(): ContentReader | undefined {
    return this.complete && this.#pieces.length === 0 ? undefined : this;
  }

  read(): Promise<ReadResult> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#waitingBytes -= piece.length;
      return Promise.resolve({ done: false, value: piece });
    }
    if (this.complete) return Promise.resolve(END);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#resume();
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject };
    });
  }

  cancel(): Promise<void> {
    this.#pieces = [];
    if (!this.complete && this.#failure === undefined) {
      this.#flow.abandon();
      // Whoever is still reading has come to the end.
      this.#finish();
    }
    return Promise.resolve();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#flow.resume();
  }

  /** Reads up to the end of the final header section; what follows it, once that has come. */
  #readHeads(received: Buffer): Buffer | undefined {
    let bytes = this.#partial === undefined ? received : Buffer.concat([this.#partial, received]);
    this.#partial = undefined;
    for (;;) {
      const end = bytes.indexOf(HEAD_END);
      if ((end === -1 ? bytes.length : end) > LONGEST_HEAD) {
        throw new MalformedAnswer(`a header section of more than ${LONGEST_HEAD} bytes`);
      }
      if (end === -1) {
        const beginning = bytes.toString("latin1", 0, PROTOCOL.length);
        if (!PROTOCOL.startsWith(beginning))
          throw new MalformedAnswer("its first line is no status line");
        if (bytes.length > 0) this.#partial = bytes;
        return undefined;
      }
      const head = this.#heads.read(bytes, end);
      bytes = behind(bytes, end + HEAD_END.length);
      if (head.status >= 200) {
        this.#take(head);
        return bytes;
      }
      if (head.status === 101) throw new MalformedAnswer("101, which was not asked for");
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) throw new MalformedAnswer("1xx answers without end");
    }
  }

  #take(head: AnswerHead): void {
    const { status, fields, contentLength, chunked } = head;
    this.status = status;
    this.statusText = head.reason;
    this.fields = new FieldList(fields);
    this.contentLength = contentLength;
    this.hasHead = true;
    this.persists = head.persists;
    this.authenticatesConnection = head.authenticatesConnection;
    if (this.#isForHead || status === 204 || status === 304) return;
    if (chunked) this.#chunks = new ChunkedDecoder();
    this.#left = contentLength ?? Number.POSITIVE_INFINITY;
    if (!chunked && contentLength === undefined) this.persists = false;
  }

  /** Answers how many of the bytes belong to this answer. */
  #readContent(bytes: Buffer): number {
    if (this.#chunks !== undefined) {
      const read = this.#chunks.decode(bytes, (piece) => this.#hand(piece));
      if (this.#chunks.over) this.#finish();
      return read;
    }
    const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= piece.length;
    if (piece.length > 0) this.#hand(piece);
    if (this.#left === 0) this.#finish();
    return piece.length;
  }

  #hand(piece: Uint8Array): void {
    const collecting = this.#collecting;
    if (collecting !== undefined) {
      collecting.all.set(piece, collecting.at);
      collecting.at += piece.length;
      return;
    }
    const reading = this.#reading;
    if (reading !== undefined) {
      this.#reading = undefined;
      reading.resolve({ done: false, value: piece });
      return;
    }
    this.#pieces.push(piece);
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes > ENOUGH_WAITING && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
  }

  #finish(): void {
    this.complete = true;
    this.#reading?.resolve(END);
    this.#reading = undefined;
    this.#collecting?.resolve(this.#collecting.all);
    this.#collecting = undefined;
  }
}

/** What follows from a place on. */
function behind(bytes: Buffer, start: number): Buffer {
  return bytes.length - start > COPIED_AT_MOST ? bytes.subarray(start) : copyOf(bytes, start);
}
