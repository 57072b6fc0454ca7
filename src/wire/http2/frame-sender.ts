import type { Field } from "../../http/field.ts";
import { ByteWriter } from "./byte-writer.ts";
import { Flag, FRAME_HEADER, FrameType, SMALLEST_MAX_FRAME_SIZE } from "./frames.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import type { ByteLine } from "./stream-owner.ts";

/** Buffers that connections collect frames in, shared by all of them. */
export class BatchBuffers {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BATCH);
  }

  giveBack(buffer: Buffer): void {
    if (this.#free.length < MOST_FREE && buffer.length === BATCH) this.#free.push(buffer);
  }
}

/** Bytes that are collected before they are written to the socket. */
const BATCH = 65_536;
const MOST_FREE = 16;
/** Bytes of answers to control frames that may wait for a peer that does not read. */
const MOST_UNREAD = 65_536;

/** Pseudo-fields of a head, or none for trailers: names, each followed by its value. */
export type PseudoFields = readonly string[];

/** Writes frames (RFC 9113 sections 4, 6) to the socket, many at a time. */
export class FrameSender {
  readonly encoder = new HpackEncoder();
  readonly #line: ByteLine;
  readonly #buffers: BatchBuffers;
  readonly #wake: () => void;
  #batch: ByteWriter | undefined;
  /** Bytes of frames without content since the socket was last free. */
  #unread = 0;

  /** `wake` asks for a `flush` at the end of the turn. */
  constructor(line: ByteLine, buffers: BatchBuffers, wake: () => void) {
    this.#line = line;
    this.#buffers = buffers;
    this.#wake = wake;
  }

  /** Whether no content should be written now. */
  get isFull(): boolean {
    return this.#line.isFull;
  }

  /** Whether the peer lets answers to its frames pile up, unread. */
  get isIgnored(): boolean {
    return this.#unread > MOST_UNREAD;
  }

  /** Bytes that the batch has room for. */
  get room(): number {
    return BATCH - (this.#batch?.length ?? 0);
  }

  raw(bytes: Uint8Array): void {
    this.#open().copy(bytes);
  }

  /** Pairs of an identifier and a value. */
  settings(settings: readonly (readonly [number, number])[]): void {
    const out = this.#begin(FrameType.settings, 0, 0, settings.length * 6);
    for (const [identifier, value] of settings) {
      out.byte(identifier >>> 8);
      out.byte(identifier & 0xff);
      out.uint32(value);
    }
  }

  settingsAck(): void {
    this.#begin(FrameType.settings, Flag.ack, 0, 0);
  }

  ping(opaque: Uint8Array, isAck: boolean): void {
    this.#begin(FrameType.ping, isAck ? Flag.ack : 0, 0, 8).copy(opaque);
  }

  rstStream(stream: number, code: number): void {
    this.#begin(FrameType.rstStream, 0, stream, 4).uint32(code);
  }

  windowUpdate(stream: number, increment: number): void {
    this.#begin(FrameType.windowUpdate, 0, stream, 4).uint32(increment);
  }

  goAway(lastStream: number, code: number, debug: string): void {
    const out = this.#begin(FrameType.goAway, 0, 0, 8 + debug.length);
    out.uint32(lastStream);
    out.uint32(code);
    out.latin1(debug);
  }

  headers(stream: number, pseudo: PseudoFields, fields: readonly Field[], isEnd: boolean): void {
    const out = this.#open();
    const start = out.length;
    out.reserve(FRAME_HEADER);
    out.length += FRAME_HEADER;
    const { encoder } = this;
    encoder.begin(out);
    for (let at = 0; at < pseudo.length; at += 2) {
      encoder.pair(out, pseudo[at] ?? "", pseudo[at + 1] ?? "");
    }
    for (const field of fields) encoder.field(out, field);
    const length = out.length - start - FRAME_HEADER;
    const end = isEnd ? Flag.endStream : 0;
    if (length <= SMALLEST_MAX_FRAME_SIZE) {
      writeHeader(out, start, length, FrameType.headers, end | Flag.endHeaders, stream);
    } else this.#split(out, start, end, stream);
  }

  data(stream: number, bytes: Uint8Array, isEnd: boolean): void {
    const flags = isEnd ? Flag.endStream : 0;
    const out = this.#open();
    out.reserve(FRAME_HEADER + bytes.length);
    writeHeader(out, out.length, bytes.length, FrameType.data, flags, stream);
    out.length += FRAME_HEADER;
    out.copy(bytes);
  }

  /** Writes what has been collected. */
  flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    this.#line.write(batch.bytes.subarray(0, batch.length));
    // What the socket has not taken is still in the buffer.
    if (this.#line.isFull) return;
    this.#unread = 0;
    this.#buffers.giveBack(batch.bytes);
  }

  #open(): ByteWriter {
    if (this.#batch === undefined) {
      this.#batch = new ByteWriter(this.#buffers.take());
      this.#wake();
    }
    return this.#batch;
  }

  /** The header of a frame without content, with room for its payload. */
  #begin(type: number, flags: number, stream: number, length: number): ByteWriter {
    if (this.#line.isFull) this.#unread += FRAME_HEADER + length;
    const out = this.#open();
    out.reserve(FRAME_HEADER + length);
    writeHeader(out, out.length, length, type, flags, stream);
    out.length += FRAME_HEADER;
    return out;
  }

  /** A header block that does not fit into one frame. */
  #split(out: ByteWriter, start: number, end: number, stream: number): void {
    const block = Buffer.from(out.bytes.subarray(start + FRAME_HEADER, out.length));
    out.length = start;
    for (let at = 0; at < block.length; at += SMALLEST_MAX_FRAME_SIZE) {
      const part = block.subarray(at, at + SMALLEST_MAX_FRAME_SIZE);
      const isLast = at + part.length === block.length;
      const flags = (isLast ? Flag.endHeaders : 0) | (at === 0 ? end : 0);
      const type = at === 0 ? FrameType.headers : FrameType.continuation;
      out.reserve(FRAME_HEADER + part.length);
      writeHeader(out, out.length, part.length, type, flags, stream);
      out.length += FRAME_HEADER;
      out.copy(part);
    }
  }
}

function writeHeader(
  out: ByteWriter,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): void {
  const { bytes } = out;
  bytes[at] = length >>> 16;
  bytes[at + 1] = (length >>> 8) & 0xff;
  bytes[at + 2] = length & 0xff;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes[at + 5] = stream >>> 24;
  bytes[at + 6] = (stream >>> 16) & 0xff;
  bytes[at + 7] = (stream >>> 8) & 0xff;
  bytes[at + 8] = stream & 0xff;
}
