import { copyOf } from "../bytes.ts";
import { ErrorCode, Http2Error } from "./error-code.ts";
import { Flag, FRAME_HEADER, FrameType, PREFACE, SMALLEST_MAX_FRAME_SIZE } from "./frames.ts";

/** What is made of frames. Each may throw Http2Error, which ends the reading. */
export interface FrameHandler {
  /** `flowLength` includes the padding. */
  data(stream: number, content: Buffer, flowLength: number, isEnd: boolean): void;
  /** A whole header block, of HEADERS and CONTINUATION frames. */
  headerBlock(stream: number, block: Buffer, isEnd: boolean): void;
  /** PRIORITY, which has no effect (RFC 9113 section 5.3.2). */
  priority(stream: number): void;
  rstStream(stream: number, code: number): void;
  settings(payload: Buffer): void;
  settingsAck(): void;
  ping(opaque: Buffer): void;
  pingAck(opaque: Buffer): void;
  goAway(lastStream: number, code: number, debug: Buffer): void;
  /** Stream 0 is the connection. */
  windowUpdate(stream: number, increment: number): void;
  pushPromise(stream: number): void;
  /** A frame of an unknown type, which is ignored. */
  unknownFrame(): void;
  /** A frame that is invalid, but concerns one stream only. */
  invalidFrame(stream: number, code: number, message: string): void;
}

/** A header block so far. */
interface PartialBlock {
  readonly stream: number;
  readonly isEnd: boolean;
  readonly fragments: Buffer[];
  size: number;
}

/** A header block in more CONTINUATION frames is an attack: a large field does not need as many. */
const MOST_CONTINUATIONS = 32;
/** Smaller content is copied, which is cheaper than a view. */
const COPIED_AT_MOST = 2048;
/** So is content that is less than this part of what it came with, which a view would keep in memory. */
const LEAST_PART = 1 / 8;

/** Reads frames from bytes that arrive in any pieces, and checks their form (RFC 9113 sections 4, 6). */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #maxBlockSize: number;
  /** How much of the client's preface is still to come. */
  #prefaceLeft: number;
  #hasSettings = false;
  /** An incomplete frame. */
  #partial: Buffer | undefined;
  #block: PartialBlock | undefined;
  #isStopped = false;

  /** `maxBlockSize` is the largest header block as it is sent, in bytes. */
  constructor(handler: FrameHandler, expects: "preface" | "frames", maxBlockSize: number) {
    this.#handler = handler;
    this.#maxBlockSize = maxBlockSize;
    this.#prefaceLeft = expects === "preface" ? PREFACE.length : 0;
  }

  /** Whether the preface, or a header section that has begun, is not complete. */
  get awaitsHeaders(): boolean {
    if (this.#prefaceLeft > 0 || !this.#hasSettings || this.#block !== undefined) return true;
    const type = this.#partial?.[3];
    return this.#partial !== undefined && (type === undefined || type === FrameType.headers);
  }

  /** Nothing further is read. */
  stop(): void {
    this.#isStopped = true;
    this.#partial = undefined;
    this.#block = undefined;
  }

  /** Throws Http2Error. The bytes belong to the reader from here on. */
  read(received: Buffer): void {
    let bytes = this.#prefaceLeft > 0 ? this.#readPreface(received) : received;
    if (this.#partial !== undefined) bytes = this.#completePartial(this.#partial, bytes);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER && !this.#isStopped) {
      const end = at + FRAME_HEADER + payloadLength(bytes, at);
      if (end > bytes.length) break;
      this.#readFrame(bytes, at, end);
      at = end;
    }
    if (at < bytes.length && !this.#isStopped) {
      this.#partial = at === 0 ? bytes : copyOf(bytes, at);
    }
  }

  #readPreface(bytes: Buffer): Buffer {
    const from = PREFACE.length - this.#prefaceLeft;
    const length = Math.min(bytes.length, this.#prefaceLeft);
    if (bytes.toString("latin1", 0, length) !== PREFACE.slice(from, from + length)) {
      throw new Http2Error(ErrorCode.protocolError, "an invalid connection preface");
    }
    this.#prefaceLeft -= length;
    return bytes.subarray(length);
  }

  /** Takes what is missing of one frame, reads it, and returns the rest. */
  #completePartial(partial: Buffer, bytes: Buffer): Buffer {
    let frame = partial;
    let taken = 0;
    if (frame.length < FRAME_HEADER) {
      taken = Math.min(FRAME_HEADER - frame.length, bytes.length);
      frame = Buffer.concat([frame, bytes.subarray(0, taken)]);
    }
    if (frame.length >= FRAME_HEADER) {
      const missing = FRAME_HEADER + payloadLength(frame, 0) - frame.length;
      const more = Math.min(missing, bytes.length - taken);
      // A frame that arrives in small pieces is copied for each, but it is no longer than 16 KiB.
      if (more > 0) frame = Buffer.concat([frame, bytes.subarray(taken, taken + more)]);
      taken += Math.max(more, 0);
      if (more === missing) {
        this.#partial = undefined;
        this.#readFrame(frame, 0, frame.length);
        return bytes.subarray(taken);
      }
    }
    this.#partial = frame;
    return NOTHING;
  }

  #readFrame(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 3] ?? 0;
    const flags = bytes[start + 4] ?? 0;
    const stream = bytes.readUInt32BE(start + 5) & 0x7f_ff_ff_ff;
    const at = start + FRAME_HEADER;
    if (
      this.#block !== undefined &&
      (type !== FrameType.continuation || stream !== this.#block.stream)
    )
      throw new Http2Error(ErrorCode.protocolError, "a frame between those of a header block");
    if (!this.#hasSettings) {
      if (type !== FrameType.settings || (flags & Flag.ack) !== 0)
        throw new Http2Error(ErrorCode.protocolError, "a first frame other than SETTINGS");
      this.#hasSettings = true;
    }
    switch (type) {
      case FrameType.data:
        this.#readData(bytes, at, end, flags, stream);
        return;
      case FrameType.headers:
        this.#readHeaders(bytes, at, end, flags, stream);
        return;
      case FrameType.continuation:
        this.#readContinuation(bytes, at, end, flags);
        return;
      case FrameType.windowUpdate:
        this.#readWindowUpdate(bytes, at, end, stream);
        return;
      case FrameType.rstStream:
        expectStream(stream, "RST_STREAM");
        expectLength(end - at, 4, "RST_STREAM");
        this.#handler.rstStream(stream, bytes.readUInt32BE(at));
        return;
      case FrameType.settings:
        this.#readSettings(bytes, at, end, flags, stream);
        return;
      case FrameType.ping: {
        expectConnection(stream, "PING");
        expectLength(end - at, 8, "PING");
        const opaque = copyOf(bytes, at, end);
        if ((flags & Flag.ack) === 0) this.#handler.ping(opaque);
        else this.#handler.pingAck(opaque);
        return;
      }
      case FrameType.goAway:
        expectConnection(stream, "GOAWAY");
        if (end - at < 8)
          throw new Http2Error(ErrorCode.frameSizeError, "a GOAWAY that is too short");
        this.#handler.goAway(
          bytes.readUInt32BE(at) & 0x7f_ff_ff_ff,
          bytes.readUInt32BE(at + 4),
          copyOf(bytes, at + 8, end),
        );
        return;
      case FrameType.priority:
        expectStream(stream, "PRIORITY");
        if (end - at !== 5) {
          this.#handler.invalidFrame(
            stream,
            ErrorCode.frameSizeError,
            "a PRIORITY of a wrong length",
          );
        } else if (dependency(bytes, at) === stream) {
          this.#handler.invalidFrame(stream, ErrorCode.protocolError, DEPENDS_ON_ITSELF);
        } else this.#handler.priority(stream);
        return;
      case FrameType.pushPromise:
        this.#handler.pushPromise(stream);
        return;
      default:
        this.#handler.unknownFrame();
    }
  }

  #readData(bytes: Buffer, start: number, end: number, flags: number, stream: number): void {
    expectStream(stream, "DATA");
    const { from, to } = unpadded(bytes, start, end, flags, 0);
    const length = to - from;
    const isView = length > COPIED_AT_MOST && length >= bytes.length * LEAST_PART;
    const content = isView ? bytes.subarray(from, to) : copyOf(bytes, from, to);
    this.#handler.data(stream, content, end - start, (flags & Flag.endStream) !== 0);
  }

  #readHeaders(bytes: Buffer, start: number, end: number, flags: number, stream: number): void {
    expectStream(stream, "HEADERS");
    const hasPriority = (flags & Flag.priority) !== 0;
    const padded = (flags & Flag.padded) === 0 ? 0 : 1;
    const { from, to } = unpadded(bytes, start, end, flags, hasPriority ? 5 : 0);
    const isEnd = (flags & Flag.endStream) !== 0;
    if (to - from > this.#maxBlockSize) throw tooLarge();
    if ((flags & Flag.endHeaders) !== 0) {
      this.#handler.headerBlock(stream, bytes.subarray(from, to), isEnd);
    } else {
      const fragment = copyOf(bytes, from, to);
      this.#block = { stream, isEnd, fragments: [fragment], size: fragment.length };
    }
    if (hasPriority && dependency(bytes, start + padded) === stream) {
      this.#handler.invalidFrame(stream, ErrorCode.protocolError, DEPENDS_ON_ITSELF);
    }
  }

  #readContinuation(bytes: Buffer, start: number, end: number, flags: number): void {
    const block = this.#block;
    if (block === undefined) {
      throw new Http2Error(ErrorCode.protocolError, "a CONTINUATION without HEADERS before it");
    }
    block.size += end - start;
    if (block.size > this.#maxBlockSize || block.fragments.length > MOST_CONTINUATIONS)
      throw tooLarge();
    block.fragments.push(copyOf(bytes, start, end));
    if ((flags & Flag.endHeaders) === 0) return;
    this.#block = undefined;
    this.#handler.headerBlock(block.stream, Buffer.concat(block.fragments), block.isEnd);
  }

  #readWindowUpdate(bytes: Buffer, start: number, end: number, stream: number): void {
    expectLength(end - start, 4, "WINDOW_UPDATE");
    const increment = bytes.readUInt32BE(start) & 0x7f_ff_ff_ff;
    if (increment > 0) this.#handler.windowUpdate(stream, increment);
    else if (stream === 0) throw new Http2Error(ErrorCode.protocolError, NO_INCREMENT);
    else this.#handler.invalidFrame(stream, ErrorCode.protocolError, NO_INCREMENT);
  }

  #readSettings(bytes: Buffer, start: number, end: number, flags: number, stream: number): void {
    expectConnection(stream, "SETTINGS");
    if ((flags & Flag.ack) !== 0) {
      expectLength(end - start, 0, "SETTINGS acknowledgement");
      this.#handler.settingsAck();
      return;
    }
    if ((end - start) % 6 !== 0) {
      throw new Http2Error(ErrorCode.frameSizeError, "a SETTINGS of a wrong length");
    }
    this.#handler.settings(bytes.subarray(start, end));
  }
}

const NOTHING = Buffer.alloc(0);
const DEPENDS_ON_ITSELF = "a stream that depends on itself";
const NO_INCREMENT = "a WINDOW_UPDATE of 0";

/** The length of a frame's payload. Throws if it is above what we allow. */
function payloadLength(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3);
  // SETTINGS_MAX_FRAME_SIZE stays at its default.
  if (length > SMALLEST_MAX_FRAME_SIZE) {
    throw new Http2Error(ErrorCode.frameSizeError, "a frame above SETTINGS_MAX_FRAME_SIZE");
  }
  return length;
}

/** Where the payload is without its padding and `skipped` bytes at its beginning. */
function unpadded(
  bytes: Buffer,
  start: number,
  end: number,
  flags: number,
  skipped: number,
): { from: number; to: number } {
  const isPadded = (flags & Flag.padded) !== 0;
  const padding = isPadded ? (bytes[start] ?? 0) : 0;
  const from = start + skipped + (isPadded ? 1 : 0);
  if (from > end) throw new Http2Error(ErrorCode.frameSizeError, "a frame that is too short");
  if (from + padding > end) {
    throw new Http2Error(ErrorCode.protocolError, "padding that is longer than its frame");
  }
  return { from, to: end - padding };
}

function dependency(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & 0x7f_ff_ff_ff;
}

function tooLarge(): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, "a header block that is too large");
}

function expectLength(length: number, expected: number, name: string): void {
  if (length !== expected) {
    throw new Http2Error(ErrorCode.frameSizeError, `a ${name} of a wrong length`);
  }
}

function expectStream(stream: number, name: string): void {
  if (stream === 0) throw new Http2Error(ErrorCode.protocolError, `a ${name} on stream 0`);
}

function expectConnection(stream: number, name: string): void {
  if (stream !== 0) throw new Http2Error(ErrorCode.protocolError, `a ${name} on a stream`);
}
