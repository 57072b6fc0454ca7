import type { Field } from "../../http/field.ts";
import { SMALLEST_MAX_FRAME_SIZE } from "./frames.ts";
import type { PseudoFields } from "./frame-sender.ts";
import type { StreamFailure, StreamOwner } from "./stream-owner.ts";

/** The connection, as its streams use it. */
export interface StreamHost {
  /** Whether content can be written at once, with nothing of other streams waiting for it. */
  readonly isFree: boolean;
  /** How much content the connection's window allows, in bytes. */
  window: number;
  sendHeaders(stream: Stream, pseudo: PseudoFields, fields: readonly Field[], isEnd: boolean): void;
  sendData(stream: Stream, bytes: Uint8Array, isEnd: boolean): void;
  sendReset(stream: Stream, code: number): void;
  sendWindowUpdate(stream: Stream, increment: number): void;
  /** The stream has something to send when its turn comes. */
  sendSoon(stream: Stream): void;
  /** Content has been used, in bytes; the connection's window grows again. */
  consumed(bytes: number): void;
  /** Both sides have ended, or it was reset. */
  closedStream(stream: Stream): void;
}

/** Content of a stream that may wait for the peer before its producer should, in bytes. */
const ENOUGH_QUEUED = 65_536;

/** One request and its answer on an HTTP/2 connection (RFC 9113 section 5). */
export class Stream {
  readonly id: number;
  owner: StreamOwner;
  /** How much content the peer allows, in bytes; negative after it has allowed less. */
  sendWindow: number;
  /** How much content the peer may still send, in bytes. */
  receiveWindow: number;
  /** How much content the peer must send in all, in bytes: Content-Length. */
  expects: number | undefined = undefined;
  /**
   * Whether the peer's final head has been received: what follows is content and trailers. To be set
   * by the user of a client's stream, who knows which answer is an interim one.
   */
  hasHead = false;
  /** Whether the peer has sent END_STREAM. */
  remoteEnded = false;
  localEnded = false;
  isClosed = false;
  /** Whether it is among those that wait for their turn to send. */
  isWaiting = false;
  readonly #host: StreamHost;
  #fullWindow: number;
  readonly #largestWindow: number;
  /** Received content that its user has not used yet, in bytes. */
  #unused = 0;
  /** What was used, and is not announced to the peer yet, in bytes. */
  #used = 0;
  #received = 0;
  /** Whether the owner knows that the peer has ended its side. */
  #isEndTold = false;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #isFull = false;
  /** Set when everything has been queued: the trailers, if any. */
  #ending: { readonly trailers: readonly Field[] | undefined } | undefined;

  constructor(
    id: number,
    host: StreamHost,
    owner: StreamOwner,
    windows: {
      readonly send: number;
      readonly receive: number;
      readonly largest?: number | undefined;
    },
  ) {
    this.id = id;
    this.#host = host;
    this.owner = owner;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.#fullWindow = windows.receive;
    this.#largestWindow = windows.largest ?? windows.receive;
  }

  /** Whether so much is queued that the producer should wait for `drained`. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes of content that wait for the peer's window or the socket, or have when it broke off. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Sends a header section: a head with its pseudo-fields ([":status", "200"]), final or interim.
   * `isEnd`: nothing follows.
   */
  head(pseudo: PseudoFields, fields: readonly Field[], isEnd: boolean): void {
    if (this.isClosed || this.localEnded) return;
    this.#host.sendHeaders(this, pseudo, fields, isEnd);
    if (isEnd) this.#endLocally();
  }

  /** Sends content, as the windows allow. The bytes are kept, not copied. */
  send(bytes: Uint8Array, isEnd = false): void {
    if (this.isClosed || this.localEnded || this.#ending !== undefined) return;
    const host = this.#host;
    const { length } = bytes;
    if (length === 0) {
      if (isEnd) this.end();
      return;
    }
    const fits =
      length <= SMALLEST_MAX_FRAME_SIZE && length <= this.sendWindow && length <= host.window;
    if (this.#queued === 0 && fits && host.isFree) {
      this.#sendFrame(bytes, isEnd);
      return;
    }
    this.#queue.push(bytes);
    this.#queued += length;
    if (this.#queued >= ENOUGH_QUEUED) this.#isFull = true;
    if (isEnd) this.#ending = { trailers: undefined };
    host.sendSoon(this);
  }

  /** Nothing further is sent but these trailers. */
  end(trailers?: readonly Field[]): void {
    if (this.isClosed || this.localEnded || this.#ending !== undefined) return;
    this.#ending = { trailers: trailers?.length === 0 ? undefined : trailers };
    if (this.#queued === 0) this.#finish();
  }

  /** Breaks it off: RST_STREAM (RFC 9113 section 6.4). */
  reset(code: number): void {
    if (this.isClosed) return;
    this.#host.sendReset(this, code);
    this.close(undefined);
  }

  /** Content has been used, in bytes: the peer may send as much again. */
  consumed(bytes: number): void {
    if (this.isClosed) return;
    this.#unused -= bytes;
    this.#host.consumed(bytes);
    if (this.remoteEnded) return;
    this.#used += bytes;
    // Not for each frame, but before the peer has to wait.
    if (this.#used * 2 < this.#fullWindow) return;
    let increment = this.#used;
    this.#used = 0;
    // A user that has kept up can do with more on the way; one that has not, holds less in memory.
    if (this.#unused === 0 && this.#fullWindow < this.#largestWindow) {
      const grown = Math.min(this.#fullWindow * 2, this.#largestWindow);
      increment += grown - this.#fullWindow;
      this.#fullWindow = grown;
    }
    this.receiveWindow += increment;
    this.#host.sendWindowUpdate(this, increment);
  }

  /**
   * Takes a DATA frame's content. Returns what is wrong with it, if anything. `flowLength` includes
   * the padding.
   */
  receive(content: Buffer, flowLength: number, isEnd: boolean): string | undefined {
    this.receiveWindow -= flowLength;
    this.#unused += flowLength;
    this.#received += content.length;
    if (this.expects !== undefined && this.#received > this.expects) {
      return "more content than Content-Length says";
    }
    const padding = flowLength - content.length;
    if (padding > 0) this.consumed(padding);
    if (isEnd) this.remoteEnded = true;
    if (content.length > 0) this.owner.data(content);
    return isEnd && !this.isClosed ? this.endRemotely() : undefined;
  }

  /** The peer has ended its side. Returns what is wrong with that, if anything. */
  endRemotely(): string | undefined {
    this.remoteEnded = true;
    if (this.expects !== undefined && this.#received !== this.expects) {
      return "less content than Content-Length says";
    }
    this.#isEndTold = true;
    this.owner.ended();
    this.#closeIfOver();
    return undefined;
  }

  /** Sends one frame, now that it is this stream's turn. Whether more can follow at once. */
  sendSome(): boolean {
    const host = this.#host;
    const [first] = this.#queue;
    if (first === undefined) {
      if (this.#ending !== undefined) this.#finish();
      return false;
    }
    const most = Math.min(SMALLEST_MAX_FRAME_SIZE, this.sendWindow, host.window);
    if (most <= 0) return false;
    let piece = first;
    if (first.length > most) {
      piece = first.subarray(0, most);
      this.#queue[0] = first.subarray(most);
    } else this.#queue.shift();
    this.#queued -= piece.length;
    const isLast =
      this.#queued === 0 && this.#ending !== undefined && this.#ending.trailers === undefined;
    this.#sendFrame(piece, isLast);
    if (this.#queued === 0 && !isLast && this.#ending !== undefined) this.#finish();
    if (this.#isFull && this.#queued < ENOUGH_QUEUED / 2) {
      this.#isFull = false;
      this.owner.drained();
    }
    return this.#queued > 0 && this.sendWindow > 0;
  }

  /** It is over; for a reason, if it broke off. */
  close(failure: StreamFailure | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#queue = [];
    this.#host.consumed(this.#unused);
    this.#host.closedStream(this);
    this.owner.over(failure);
  }

  #sendFrame(bytes: Uint8Array, isEnd: boolean): void {
    this.sendWindow -= bytes.length;
    this.#host.window -= bytes.length;
    this.#host.sendData(this, bytes, isEnd);
    if (isEnd) this.#endLocally();
  }

  #finish(): void {
    const trailers = this.#ending?.trailers;
    if (trailers === undefined) this.#host.sendData(this, NOTHING, true);
    else this.#host.sendHeaders(this, NO_PSEUDO_FIELDS, trailers, true);
    this.#endLocally();
  }

  #endLocally(): void {
    this.localEnded = true;
    this.owner.sent();
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (this.localEnded && this.#isEndTold) this.close(undefined);
  }
}

const NOTHING = new Uint8Array(0);
const NO_PSEUDO_FIELDS: PseudoFields = [];

/** The owner of streams that nobody uses. */
export const NOBODY: StreamOwner = {
  headers: () => {},
  headersTooLarge: () => {},
  data: () => {},
  ended: () => {},
  sent: () => {},
  drained: () => {},
  over: () => {},
};
