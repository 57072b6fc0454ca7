import { isUpgradeTo } from "../http/upgrade.ts";
import type { Channel } from "../pipeline/channel.ts";
import type { AnswerHead, AnswerHeadReader } from "../wire/answer-head.ts";
import { restOf } from "../wire/bytes.ts";
import { ChunkedDecoder } from "../wire/chunked.ts";
import { CONTROL, hasStrayControl } from "../wire/head-lines.ts";
import { Malformed } from "../wire/malformed.ts";
import type { Field } from "../http/field.ts";
import { FieldList } from "../http/field-list.ts";
import { type Flow, IncomingContent } from "../pipeline/incoming-content.ts";
import { type BackendAnswer, MOST_INTERIM } from "./backend-answer.ts";

/** Maximum size of a header section, in bytes. */
const LONGEST_HEAD = 65_536;
const HEAD_END = Buffer.from("\r\n\r\n");
const PROTOCOL = "HTTP/1.";
const NO_FIELDS = new FieldList();

/** Whether bytes begin with a SETTINGS frame, by which a server of HTTP/2 greets (RFC 9113 section 3.4). */
function beginsLikeHttp2(bytes: Buffer): boolean {
  return bytes.length >= 9 && bytes[0] === 0 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0;
}

/** Gets interim answers. */
export interface InterimReceiver {
  /** 100 to 199, but not 101. */
  interim(status: number, fields: readonly Field[]): void;
}

/** One answer, assembled from what a connection receives. */
export class IncomingAnswer implements BackendAnswer {
  status = 0;
  statusText = "";
  fields = NO_FIELDS;
  content: IncomingContent | undefined = undefined;
  /** Whether the header section of the final answer has been read. */
  hasHead = false;
  /** Whether all of it has been received. */
  complete = false;
  /** Whether its connection can be reused. */
  persists = false;
  /** Whether its connection is, or will be, authenticated instead of each request. */
  authenticatesConnection = false;
  upgrade: string | null = null;
  channel: Channel | undefined = undefined;
  /** What has arrived after a 101. */
  early: Buffer | undefined = undefined;

  readonly #isForHead: boolean;
  readonly #asked: string | undefined;
  readonly #flow: Flow;
  readonly #heads: AnswerHeadReader;
  readonly #receiver: InterimReceiver | undefined;
  /** The beginning of an incomplete header section. */
  #partial: Buffer | undefined;
  #interim = 0;
  #chunks: ChunkedDecoder | undefined;
  /** Bytes of content still to come; Infinity if chunks or the connection's end mark the end. */
  #left = 0;
  /** Fields for the connection only, among the trailers too. */
  #nominated: readonly string[] = [];

  /**
   * `isForHead`: such an answer has no content, whatever its fields say. `upgrade` is the request's
   * Upgrade field.
   */
  constructor(
    isForHead: boolean,
    flow: Flow,
    heads: AnswerHeadReader,
    upgrade?: string,
    receiver?: InterimReceiver,
  ) {
    this.#isForHead = isForHead;
    this.#asked = upgrade;
    this.#flow = flow;
    this.#heads = heads;
    this.#receiver = receiver;
  }

  /** Whether any byte has been received. */
  get begun(): boolean {
    return this.hasHead || this.#partial !== undefined || this.#interim > 0;
  }

  /** Reads what the connection has received. Throws Malformed. */
  receive(bytes: Buffer): void {
    const content = this.hasHead ? bytes : this.#readHeads(bytes);
    if (content === undefined) return;
    if (this.status === 101) {
      this.early = content;
      this.complete = true;
      return;
    }
    if (this.complete) {
      if (content.length > 0) this.persists = false;
      return;
    }
    const read = this.#readContent(content);
    // Bytes after the answer are unsolicited, so the connection cannot be reused.
    if (read < content.length) this.persists = false;
  }

  /** The backend has closed its side. Returns false if the answer cannot end this way. */
  end(): boolean {
    if (this.complete) return true;
    if (!this.hasHead || this.#left !== Number.POSITIVE_INFINITY || this.#chunks !== undefined) {
      return false;
    }
    this.#finish();
    return true;
  }

  /** The rest will not come. What was received before can still be read. */
  fail(error: Error): void {
    if (!this.complete) this.content?.fail(error);
  }

  /** Reads up to the end of the final header section. Returns the bytes after it once it is complete. */
  #readHeads(received: Buffer): Buffer | undefined {
    let checked = this.#partial?.length ?? 0;
    let bytes = this.#partial === undefined ? received : Buffer.concat([this.#partial, received]);
    this.#partial = undefined;
    for (;;) {
      const end = bytes.indexOf(HEAD_END);
      if ((end === -1 ? bytes.length : end) > LONGEST_HEAD) {
        throw new Malformed(`a header section of more than ${LONGEST_HEAD} bytes`);
      }
      if (end === -1) {
        const beginning = bytes.toString("latin1", 0, PROTOCOL.length);
        if (!PROTOCOL.startsWith(beginning)) {
          throw new Malformed(
            beginsLikeHttp2(bytes)
              ? "it begins with a frame of HTTP/2; set `protocol: http2`"
              : "the first line is not a status line",
          );
        }
        if (hasStrayControl(bytes, checked)) throw new Malformed(CONTROL);
        if (bytes.length > 0) this.#partial = bytes;
        return undefined;
      }
      const head = this.#heads.read(bytes, end);
      bytes = restOf(bytes, end + HEAD_END.length);
      checked = 0;
      if (head.status >= 200 || head.status === 101) {
        this.#take(head);
        return bytes;
      }
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) throw new Malformed("too many 1xx answers");
      this.#receiver?.interim(head.status, head.fields);
    }
  }

  #take(head: AnswerHead): void {
    const { status, fields, contentLength, chunked } = head;
    if (status === 101 && !isUpgradeTo(head.upgrade, this.#asked)) {
      throw new Malformed("an unrequested 101");
    }
    this.status = status;
    this.statusText = head.reason;
    this.fields = new FieldList(fields);
    this.hasHead = true;
    this.persists = head.persists;
    this.authenticatesConnection = head.authenticatesConnection;
    this.upgrade = head.upgrade;
    // Of a 101 that was asked for, its connection is what follows.
    if (status === 101) return;
    const hasContent = !this.#isForHead && status !== 204 && status !== 304;
    if (!hasContent || (contentLength === 0 && !chunked)) {
      this.complete = true;
      return;
    }
    if (chunked) {
      this.#chunks = new ChunkedDecoder();
      this.#nominated = head.nominated;
    }
    this.#left = contentLength ?? Number.POSITIVE_INFINITY;
    if (!chunked && contentLength === undefined) this.persists = false;
    this.content = new IncomingContent(chunked ? undefined : contentLength, this.#flow);
  }

  /** Returns how many of the bytes belong to this answer. */
  #readContent(bytes: Buffer): number {
    const { content } = this;
    if (content === undefined) return 0;
    if (this.#chunks !== undefined) {
      const read = this.#chunks.decode(bytes, (piece) => content.push(piece));
      if (this.#chunks.over) this.#finish();
      return read;
    }
    const piece = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= piece.length;
    if (piece.length > 0) content.push(piece);
    if (this.#left === 0) this.#finish();
    return piece.length;
  }

  #finish(): void {
    this.complete = true;
    this.content?.finish(this.#trailers());
  }

  #trailers(): readonly Field[] | undefined {
    const trailers = this.#chunks?.trailers;
    if (trailers === undefined || this.#nominated.length === 0) return trailers;
    return trailers.filter(({ name }) => !this.#nominated.includes(name));
  }
}
