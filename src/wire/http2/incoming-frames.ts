import type { OwnLimits } from "./connection-services.ts";
import { ErrorCode, Http2Error, nameOfErrorCode } from "./error-code.ts";
import type { Floods } from "./floods.ts";
import type { FrameHandler } from "./frame-reader.ts";
import type { FrameSender } from "./frame-sender.ts";
import { LARGEST_WINDOW } from "./frames.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import type { SendQueue } from "./send-queue.ts";
import type { PeerSettings } from "./settings.ts";
import { NOBODY, type Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";
import type { ConnectionOwner, StreamOwner } from "./stream-owner.ts";

/** The connection's parts, as its received frames use them. */
export interface ConnectionParts {
  readonly role: "client" | "server";
  readonly limits: OwnLimits;
  readonly peer: PeerSettings;
  readonly owner: ConnectionOwner<Stream>;
  readonly streams: StreamTable;
  readonly floods: Floods;
  readonly sender: FrameSender;
  readonly queue: SendQueue;
  add(id: number, owner: StreamOwner): Stream;
  sendSoon(stream: Stream): void;
  flushSoon(): void;
  /** The peer opens no further streams, and takes none. */
  peerIsLeaving(): void;
  pingAnswered(opaque: Buffer): void;
}

/** Frames such as WINDOW_UPDATE that each useful frame may bring with it. */
export const EARNED_PER_FRAME = 2;

/** What a connection makes of its peer's frames (RFC 9113 section 6). */
export class IncomingFrames implements FrameHandler {
  readonly #parts: ConnectionParts;
  readonly #decoder: HpackDecoder;
  /** Content that the peer may still send, in bytes. */
  #window: number;
  /** Used content that has not been announced to the peer, in bytes. */
  #used = 0;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#decoder = new HpackDecoder(parts.limits.headers);
    this.#window = parts.limits.connectionWindow;
  }

  /** Content has been used, in bytes: the peer may send as much again. */
  consumed(bytes: number): void {
    const { limits, sender } = this.#parts;
    this.#used += bytes;
    if (this.#used * 2 < limits.connectionWindow) return;
    this.#window += this.#used;
    sender.windowUpdate(0, this.#used);
    this.#used = 0;
  }

  data(id: number, content: Buffer, flowLength: number, isEnd: boolean): void {
    this.#window -= flowLength;
    if (this.#window < 0) {
      throw new Http2Error(ErrorCode.flowControlError, "more content than the connection's window");
    }
    if (content.length > 0) this.#parts.floods.useful(1);
    else if (!isEnd) this.#parts.floods.control("empty DATA frames");
    const stream = this.#parts.streams.find(id, "DATA");
    if (stream === undefined || stream.remoteEnded) {
      this.consumed(flowLength);
      if (stream !== undefined || !this.#parts.streams.wasReset(id)) {
        this.invalidFrame(id, ErrorCode.streamClosed, "DATA after the stream's end");
      }
      return;
    }
    if (!stream.hasHead) {
      this.consumed(flowLength);
      this.invalidFrame(id, ErrorCode.protocolError, "DATA before HEADERS");
    } else if (flowLength > stream.receiveWindow) {
      this.consumed(flowLength);
      this.invalidFrame(id, ErrorCode.flowControlError, "more content than the stream's window");
    } else {
      const problem = stream.receive(content, flowLength, isEnd);
      if (problem !== undefined) this.invalidFrame(id, ErrorCode.protocolError, problem);
    }
  }

  headerBlock(id: number, block: Buffer, isEnd: boolean): void {
    // In any case, so that the table is what the peer believes.
    const fields = this.#decoder.decode(block);
    let stream = this.#parts.streams.get(id);
    if (stream === undefined) {
      if (this.#parts.streams.isIdle(id)) stream = this.#accept(id);
      else this.#parts.streams.expectReset(id);
      if (stream === undefined) return;
    } else if (stream.remoteEnded) {
      this.invalidFrame(id, ErrorCode.streamClosed, "HEADERS after the stream's end");
      return;
    } else if (stream.hasHead && !isEnd) {
      this.invalidFrame(id, ErrorCode.protocolError, "trailers that do not end the stream");
      return;
    }
    this.#parts.floods.useful(EARNED_PER_FRAME);
    stream.remoteEnded = isEnd;
    if (fields === undefined) stream.owner.headersTooLarge(isEnd);
    else stream.owner.headers(fields, isEnd);
    if (!isEnd || stream.isClosed) return;
    const problem = stream.endRemotely();
    if (problem !== undefined) this.invalidFrame(id, ErrorCode.protocolError, problem);
  }

  priority(): void {
    this.#parts.floods.control("PRIORITY frames");
  }

  rstStream(id: number, code: number): void {
    const stream = this.#parts.streams.find(id, "RST_STREAM");
    // A server cannot reset more streams than this side has opened.
    const isExpected = this.#parts.role === "client" && stream !== undefined;
    if (!isExpected) this.#parts.floods.control("RST_STREAM frames");
    if (stream === undefined) return;
    if (!isExpected && !stream.localEnded) this.#parts.floods.reset();
    const by = code === ErrorCode.refusedStream ? "refused" : "peer";
    stream.close({ code, by, message: `the peer has reset the stream: ${nameOfErrorCode(code)}` });
  }

  settings(payload: Buffer): void {
    this.#parts.floods.control("SETTINGS frames");
    const { peer } = this.#parts;
    const { initialWindowSize, headerTableSize } = peer;
    peer.read(payload, this.#parts.role === "server" ? "client" : "server");
    if (peer.headerTableSize !== headerTableSize)
      this.#parts.sender.encoder.allow(peer.headerTableSize);
    const growth = peer.initialWindowSize - initialWindowSize;
    if (growth !== 0) {
      for (const stream of this.#parts.streams.values()) {
        if (stream.sendWindow + growth > LARGEST_WINDOW) {
          throw new Http2Error(ErrorCode.flowControlError, "a window above the maximum");
        }
        this.#widen(stream, growth);
      }
    }
    this.#parts.sender.settingsAck();
    this.#parts.owner.settingsChanged();
  }

  settingsAck(): void {
    this.#parts.floods.control("SETTINGS frames");
  }

  ping(opaque: Buffer): void {
    this.#parts.floods.control("PING frames");
    this.#parts.sender.ping(opaque, true);
  }

  pingAck(opaque: Buffer): void {
    this.#parts.floods.control("PING frames");
    this.#parts.pingAnswered(opaque);
  }

  goAway(lastStream: number, code: number, debug: Buffer): void {
    this.#parts.floods.control("GOAWAY frames");
    const message = `the peer has closed the connection: ${nameOfErrorCode(code)} ${debug.toString("latin1", 0, 200)}`;
    // First, so that what is refused is not sent here again.
    this.#parts.owner.goingAway(code, message.trimEnd());
    if (this.#parts.role === "client") {
      for (const stream of this.#parts.streams.values()) {
        if (stream.id > lastStream) stream.close({ code, by: "refused", message });
      }
    }
    this.#parts.peerIsLeaving();
  }

  windowUpdate(id: number, increment: number): void {
    this.#parts.floods.control("WINDOW_UPDATE frames");
    if (id === 0) {
      if (this.#parts.queue.window + increment > LARGEST_WINDOW) {
        throw new Http2Error(ErrorCode.flowControlError, "a window above the maximum");
      }
      this.#parts.queue.window += increment;
      this.#parts.flushSoon();
      return;
    }
    const stream = this.#parts.streams.find(id, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (stream.sendWindow + increment > LARGEST_WINDOW) {
      this.invalidFrame(id, ErrorCode.flowControlError, "a window above the maximum");
    } else this.#widen(stream, increment);
  }

  // oxlint-disable-next-line class-methods-use-this -- as all frames
  pushPromise(): void {
    // We are a server, or have not allowed it (RFC 9113 section 8.4).
    throw new Http2Error(ErrorCode.protocolError, "PUSH_PROMISE");
  }

  unknownFrame(): void {
    this.#parts.floods.control("frames of unknown types");
  }

  invalidFrame(id: number, code: number, message: string): void {
    this.#parts.floods.reset();
    this.#reset(id, code);
    this.#parts.streams.get(id)?.close({ code, by: "invalid", message });
  }

  /** A stream that the peer opens; undefined if it is not accepted. */
  #accept(id: number): Stream | undefined {
    if (!this.#parts.streams.accept(id)) return undefined;
    if (this.#parts.streams.size >= this.#parts.limits.maxStreams) {
      this.invalidFrame(id, ErrorCode.refusedStream, "more streams than allowed");
      return undefined;
    }
    // Until the owner has said who uses it.
    const stream = this.#parts.add(id, NOBODY);
    stream.hasHead = true;
    stream.owner = this.#parts.owner.opened(stream);
    return stream;
  }

  #widen(stream: Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.queued > 0 && stream.sendWindow > 0) this.#parts.sendSoon(stream);
  }

  #reset(id: number, code: number): void {
    this.#parts.streams.rememberReset(id);
    this.#parts.sender.rstStream(id, code);
  }
}
