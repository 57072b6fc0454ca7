import { ErrorCode, Http2Error } from "./error-code.ts";
import { LARGEST_STREAM } from "./frames.ts";
import type { Stream } from "./stream.ts";

/** Streams reset by us whose frames may still be on their way. */
const MOST_RESET_STREAMS = 256;

/** The open streams of a connection, and the states of the others (RFC 9113 section 5.1). */
export class StreamTable {
  /** The highest stream that the peer has opened. */
  lastOfPeer = 0;
  /** The highest stream that is still accepted from the peer. */
  lastAccepted = LARGEST_STREAM;
  /** The stream that a client opens next. */
  next = 1;
  readonly #role: "client" | "server";
  readonly #open = new Map<number, Stream>();
  readonly #reset = new Set<number>();
  /** Whether the peer has left out numbers, which it cannot use any more. */
  #hasSkipped = false;

  constructor(role: "client" | "server") {
    this.#role = role;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  values(): Iterable<Stream> {
    return this.#open.values();
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream);
  }

  delete(stream: Stream): void {
    this.#open.delete(stream.id);
  }

  /** The stream; undefined if it is closed. Throws Http2Error if it was never open. */
  find(id: number, frame: string): Stream | undefined {
    const stream = this.#open.get(id);
    if (stream === undefined && this.isIdle(id)) {
      throw new Http2Error(ErrorCode.protocolError, `${frame} on a stream that is not open`);
    }
    return stream;
  }

  /** Whether it has not been opened yet. */
  isIdle(id: number): boolean {
    // Only clients open streams; theirs are odd.
    if (id % 2 === 0) return true;
    return this.#role === "server" ? id > this.lastOfPeer : id >= this.next;
  }

  /** The peer opens a stream. Whether it may. Throws Http2Error if that is no stream of the peer's. */
  accept(id: number): boolean {
    if (this.#role === "client" || id % 2 === 0) {
      throw new Http2Error(ErrorCode.protocolError, "HEADERS on a stream that is not the peer's");
    }
    if (id !== this.lastOfPeer + 2 && id !== 1) this.#hasSkipped = true;
    this.lastOfPeer = id;
    if (id <= this.lastAccepted) return true;
    this.rememberReset(id);
    return false;
  }

  /** Frames of a closed stream are errors, unless they were sent before the peer knew. Throws Http2Error. */
  expectReset(id: number): void {
    if (this.#reset.has(id)) return;
    const code = this.#hasSkipped ? ErrorCode.protocolError : ErrorCode.streamClosed;
    throw new Http2Error(code, "HEADERS on a closed stream");
  }

  /** Whether it was reset by us not long ago. */
  wasReset(id: number): boolean {
    return this.#reset.has(id);
  }

  rememberReset(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= MOST_RESET_STREAMS) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      break;
    }
  }
}
