import type { Field } from "../../http/field.ts";
import type { ConnectionServices } from "./connection-services.ts";
import { ErrorCode, Http2Error } from "./error-code.ts";
import { Floods } from "./floods.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameSender, type PseudoFields } from "./frame-sender.ts";
import { DEFAULT_WINDOW, LARGEST_STREAM, PREFACE, SMALLEST_MAX_FRAME_SIZE } from "./frames.ts";
import { EARNED_PER_FRAME, IncomingFrames } from "./incoming-frames.ts";
import { SendQueue } from "./send-queue.ts";
import { PeerSettings, Setting } from "./settings.ts";
import { Stream, type StreamHost } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";
import type { ByteLine, ConnectionOwner, StreamFailure, StreamOwner } from "./stream-owner.ts";

/** Sent with the first GOAWAY; its answer says that the peer has seen both. */
const DRAIN_PING = Buffer.from("draining");
/** Milliseconds to wait for that answer. */
const DRAIN_MS = 1000;
/** Asks only whether the peer is there. */
const ALIVE_PING = Buffer.from("alive?!?");

/**
 * One side of an HTTP/2 connection (RFC 9113), without a notion of requests: preface, settings, streams
 * and their states, both windows, PING, GOAWAY, and floods. Sends content of its streams in turn.
 */
export class Http2Connection implements StreamHost {
  /** What the peer allows. */
  readonly peer = new PeerSettings();
  readonly #role: "client" | "server";
  readonly #line: ByteLine;
  readonly #owner: ConnectionOwner<Stream>;
  readonly #services: ConnectionServices;
  readonly #reader: FrameReader;
  readonly #incoming: IncomingFrames;
  readonly #sender: FrameSender;
  readonly #queue: SendQueue;
  readonly #streams: StreamTable;
  readonly #floods: Floods;
  #willFlush = false;
  #drain: "no" | "announced" | "final" = "no";
  #cancelDrainTimer: (() => void) | undefined;
  #isPeerLeaving = false;
  #isOver = false;
  #closesWhenWritten = false;

  constructor(
    role: "client" | "server",
    line: ByteLine,
    owner: ConnectionOwner<Stream>,
    services: ConnectionServices,
  ) {
    const { clock, limits, buffers } = services;
    this.#role = role;
    this.#line = line;
    this.#owner = owner;
    this.#services = services;
    const streams = new StreamTable(role);
    const floods = new Floods(clock);
    const flushSoon = () => this.#flushSoon();
    const sender = new FrameSender(line, buffers, flushSoon);
    const queue = new SendQueue(sender);
    const { peer } = this;
    this.#streams = streams;
    this.#floods = floods;
    this.#sender = sender;
    this.#queue = queue;
    this.#incoming = new IncomingFrames({
      role,
      limits,
      peer,
      owner,
      streams,
      floods,
      sender,
      queue,
      flushSoon,
      add: (id, owner) => this.#add(id, owner),
      sendSoon: (stream) => this.sendSoon(stream),
      peerIsLeaving: () => this.#peerIsLeaving(),
      pingAnswered: (opaque) => this.#pingAnswered(opaque),
    });
    // Compressed text can be longer than plain text, and above the limit there is still an answer.
    const maxBlockSize = 2 * limits.headers.maxSize + SMALLEST_MAX_FRAME_SIZE;
    const expects = role === "server" ? "preface" : "frames";
    this.#reader = new FrameReader(this.#incoming, expects, maxBlockSize);
  }

  /** Sends the preface. To be called once, when the line can be written to. */
  start(): void {
    const { maxStreams, streamWindow, connectionWindow, headers } = this.#services.limits;
    const common = [
      [Setting.initialWindowSize, streamWindow],
      [Setting.maxHeaderListSize, headers.maxSize],
    ] as const;
    if (this.#role === "client") {
      this.#sender.raw(Buffer.from(PREFACE, "latin1"));
      this.#sender.settings([[Setting.enablePush, 0], ...common]);
    } else this.#sender.settings([[Setting.maxConcurrentStreams, maxStreams], ...common]);
    if (connectionWindow > DEFAULT_WINDOW) {
      this.#sender.windowUpdate(0, connectionWindow - DEFAULT_WINDOW);
    }
  }

  /** How many streams are open. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Whether the peer's preface, or a header section that has begun, is not complete. */
  get awaitsHeaders(): boolean {
    return this.#reader.awaitsHeaders;
  }

  /** Whether it has failed or was closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a client may open a stream. */
  get canOpen(): boolean {
    const isLeaving = this.#isOver || this.#isPeerLeaving || this.#drain !== "no";
    const hasRoom = this.#streams.size < this.peer.maxConcurrentStreams;
    return !isLeaving && hasRoom && this.#streams.next <= LARGEST_STREAM;
  }

  /** Opens a stream by its head. `isEnd`: nothing follows. Only if `canOpen`. */
  open(owner: StreamOwner, pseudo: PseudoFields, fields: readonly Field[], isEnd: boolean): Stream {
    const stream = this.#add(this.#streams.next, owner);
    this.#streams.next += 2;
    stream.head(pseudo, fields, isEnd);
    return stream;
  }

  /** Resets a stream on which nothing has been done. A peer with too many of them is flooding. */
  refuse(stream: Stream): void {
    try {
      this.#floods.reset();
      stream.reset(ErrorCode.refusedStream);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.fail(error);
    }
  }

  /** Bytes from the peer. A peer that breaks the protocol ends the connection. */
  received(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#reader.read(bytes);
      if (this.#sender.isIgnored) throw unread();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.fail(error);
    }
  }

  /** The socket has room again. */
  drained(): void {
    if (this.#closesWhenWritten) this.#line.end("close");
    else this.flush();
  }

  /** The peer has closed its sending side: it has no further streams, and cannot finish those it has. */
  peerEnded(): void {
    for (const stream of this.#streams.values()) {
      if (!stream.remoteEnded) stream.close(gone("the peer has closed the connection"));
    }
    this.#peerIsLeaving();
  }

  /** The socket is gone. */
  closed(message: string): void {
    this.#end(new Http2Error(ErrorCode.noError, message));
  }

  /**
   * No further streams; the connection closes after those that are open. `atOnce`: streams that are on
   * their way are not served either.
   */
  drain(atOnce = false): void {
    if (this.#isOver || this.#drain === "final") return;
    if (this.#role === "client" || atOnce) {
      this.#drainFinally();
      return;
    }
    if (this.#drain === "announced") return;
    // Streams that are on their way are still served (RFC 9113 section 6.8).
    this.#drain = "announced";
    this.#sender.goAway(LARGEST_STREAM, ErrorCode.noError, "");
    this.#sender.ping(DRAIN_PING, false);
    const { clock } = this.#services;
    this.#cancelDrainTimer = clock.schedule(DRAIN_MS, () => this.#drainFinally());
  }

  /** Asks the peer for a sign of life. */
  ping(): void {
    if (!this.#isOver) this.#sender.ping(ALIVE_PING, false);
  }

  /** Sends GOAWAY and closes the connection, with all of its streams. */
  fail(error: Http2Error): void {
    if (this.#isOver) return;
    this.#sender.goAway(this.#streams.lastOfPeer, error.code, error.message);
    this.#sender.flush();
    this.#end(error);
    this.#endLine();
  }

  /** Writes to the socket what was collected. */
  flush(): void {
    if (!this.#isOver) this.#queue.sendAll();
    this.#willFlush = false;
    this.#closeIfDone();
  }

  // What streams ask for.

  get isFree(): boolean {
    return this.#queue.isFree;
  }

  /** Content that the peer allows for all streams, in bytes. */
  get window(): number {
    return this.#queue.window;
  }

  set window(bytes: number) {
    this.#queue.window = bytes;
  }

  sendHeaders(
    stream: Stream,
    pseudo: PseudoFields,
    fields: readonly Field[],
    isEnd: boolean,
  ): void {
    if (!this.#isOver) this.#sender.headers(stream.id, pseudo, fields, isEnd);
  }

  sendData(stream: Stream, bytes: Uint8Array, isEnd: boolean): void {
    if (this.#isOver) return;
    this.#floods.useful(EARNED_PER_FRAME);
    this.#sender.data(stream.id, bytes, isEnd);
  }

  sendReset(stream: Stream, code: number): void {
    if (this.#isOver) return;
    this.#streams.rememberReset(stream.id);
    this.#sender.rstStream(stream.id, code);
  }

  sendWindowUpdate(stream: Stream, increment: number): void {
    if (!this.#isOver) this.#sender.windowUpdate(stream.id, increment);
  }

  sendSoon(stream: Stream): void {
    this.#queue.add(stream);
    this.#flushSoon();
  }

  consumed(bytes: number): void {
    if (!this.#isOver && bytes > 0) this.#incoming.consumed(bytes);
  }

  closedStream(stream: Stream): void {
    this.#streams.delete(stream);
    if (stream.localEnded) this.#floods.answered();
    if (this.#streams.size > 0) return;
    this.#owner.idleChanged(true);
    // The connection closes after its last frames have been written.
    if (this.#drain === "final" || this.#isPeerLeaving) this.#flushSoon();
  }

  #add(id: number, owner: StreamOwner): Stream {
    const windows = {
      send: this.peer.initialWindowSize,
      receive: this.#services.limits.streamWindow,
      largest: this.#services.limits.largestStreamWindow,
    };
    const stream = new Stream(id, this, owner, windows);
    this.#streams.add(stream);
    if (this.#streams.size === 1) this.#owner.idleChanged(false);
    return stream;
  }

  #flushSoon(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    this.#services.flushSoon(this);
  }

  #peerIsLeaving(): void {
    this.#isPeerLeaving = true;
    this.#closeIfDone();
  }

  #pingAnswered(opaque: Buffer): void {
    if (this.#drain === "announced" && opaque.equals(DRAIN_PING)) this.#drainFinally();
  }

  #drainFinally(): void {
    this.#cancelDrainTimer?.();
    if (this.#isOver || this.#drain === "final") return;
    this.#drain = "final";
    this.#streams.lastAccepted = this.#streams.lastOfPeer;
    this.#sender.goAway(this.#streams.lastOfPeer, ErrorCode.noError, "");
    this.#flushSoon();
  }

  #closeIfDone(): void {
    const isLeaving = this.#drain === "final" || this.#isPeerLeaving;
    if (this.#isOver || !isLeaving || this.#streams.size > 0) return;
    this.#sender.flush();
    this.#end(new Http2Error(ErrorCode.noError, "the connection was closed"));
    this.#endLine();
  }

  #end(error: Http2Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDrainTimer?.();
    this.#reader.stop();
    for (const stream of this.#streams.values()) {
      stream.close({ code: error.code, by: "connection", message: error.message });
    }
    this.#owner.failed(error);
  }

  /** Ends the line after what has been written. */
  #endLine(): void {
    if (this.#line.isFull) this.#closesWhenWritten = true;
    else this.#line.end("close");
  }
}

function unread(): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, "frames whose answers are not read");
}

function gone(message: string): StreamFailure {
  return { code: ErrorCode.noError, by: "connection", message };
}
