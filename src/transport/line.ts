/** The part of a socket that a line uses. */
export interface RawSocket {
  /** The number of bytes that were accepted; negative for a socket that has failed. */
  write(data: string | Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Closes the sending side. */
  shutdown(): void;
  /** Closes both sides; what was accepted is still sent. */
  end(): void;
  terminate(): void;
  /** Has the system ask an idle peer, after so many milliseconds, whether it is still there. */
  setKeepAlive(enable: boolean, initialDelay: number): void;
}

/** Milliseconds of silence after which the system asks the peer for a sign of life (TCP keep-alive). */
const KEEP_ALIVE_MS = 60_000;

/** Bytes of queued pieces that are copied into one. */
const JOINED_AT_MOST = 32_768;

/** A connection's socket, and the bytes that it has not accepted yet. */
export class Line {
  #socket: RawSocket | undefined;
  /** What the socket has not accepted, in order; undefined if nothing. */
  #unsent: Uint8Array[] | undefined;
  #onDrained: (() => void) | undefined;
  #isPaused = false;
  #hasFailed = false;
  #isOver = false;

  /** Whether it has a socket, or will never have one. */
  get isSettled(): boolean {
    return this.#socket !== undefined || this.#isOver;
  }

  /** Whether written bytes wait for the socket. */
  get isFull(): boolean {
    return this.#unsent !== undefined;
  }

  /** Bytes that wait for the socket. */
  get queued(): number {
    return this.#unsent?.reduce((bytes, { length }) => bytes + length, 0) ?? 0;
  }

  /** Whether it has been ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes the socket that was opened for it. False if it no longer needs one. */
  take(socket: RawSocket): boolean {
    if (this.isSettled) return false;
    this.#socket = socket;
    return true;
  }

  /**
   * Writes bytes or plain ASCII text to the socket or its queue. Returns whether the socket accepted
   * any of it.
   */
  write(data: string | Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#isOver) return false;
    if (this.#unsent !== undefined) {
      if (!this.#hasFailed) append(this.#unsent, bytesOf(data));
      return false;
    }
    const written = socket.write(data);
    if (written < data.length) this.#unsent = [bytesOf(data).subarray(Math.max(written, 0))];
    if (written < 0) this.#fail();
    return written > 0;
  }

  /** The socket has room again. Returns whether it accepted more of the queue. */
  drained(): boolean {
    const waiting = this.#unsent;
    this.#unsent = undefined;
    let tookSome = false;
    // What follows a piece that was not accepted whole goes back into the queue.
    for (const piece of waiting ?? []) if (this.write(piece)) tookSome = true;
    if (this.#unsent === undefined) this.#tellDrained();
    return tookSome;
  }

  /** Resolves when the queue is empty, or will never be sent. */
  untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  pause(): void {
    if (this.#hasFailed) return;
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket?.resume();
  }

  /** From now on a silent peer that is gone is noticed, without a byte that it could see. */
  keepAlive(): void {
    this.#socket?.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Closes the sending side; what arrives is still received. The queue must be empty. */
  shutdown(): void {
    this.#socket?.shutdown();
  }

  /** Ends it. `cut` terminates the connection at once. */
  end(manner: "close" | "cut"): void {
    if (this.#isOver && manner === "close") return;
    this.#isOver = true;
    this.#unsent = undefined;
    if (manner === "cut") this.#socket?.terminate();
    else this.#socket?.end();
    this.#tellDrained();
  }

  /** A failed socket accepts nothing more. The runtime says that it is closed only if it may be read. */
  #fail(): void {
    this.#hasFailed = true;
    this.resume();
  }

  #tellDrained(): void {
    const tell = this.#onDrained;
    this.#onDrained = undefined;
    tell?.();
  }
}

/** Small pieces become one: each costs memory, and a write of its own. */
function append(queue: Uint8Array[], piece: Uint8Array): void {
  const last = queue.at(-1);
  if (last !== undefined && last.length + piece.length <= JOINED_AT_MOST) {
    queue[queue.length - 1] = Buffer.concat([last, piece]);
  } else queue.push(piece);
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}
