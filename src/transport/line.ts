import type { SocketOwner } from "./socket-events.ts";

/** A connection's socket, and what it has not taken yet. */
export class Line {
  #socket: Bun.Socket<SocketOwner> | undefined;
  #unsent: Uint8Array | undefined;
  #onDrained: (() => void) | undefined;
  #isPaused = false;
  #isOver = false;

  /** Whether it has a socket, or will never have one. */
  get isSettled(): boolean {
    return this.#socket !== undefined || this.#isOver;
  }

  /** Whether some of what was written waits for the socket. */
  get isFull(): boolean {
    return this.#unsent !== undefined;
  }

  /** Takes the socket that was opened for it. False when it does not need one any more. */
  take(socket: Bun.Socket<SocketOwner>): boolean {
    if (this.isSettled) return false;
    this.#socket = socket;
    return true;
  }

  /**
   * Hands bytes, or text that is plain ASCII, to the socket or to what waits for it. Answers whether
   * the socket took any of it.
   */
  write(data: string | Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#isOver) return false;
    if (this.#unsent !== undefined) {
      this.#unsent = Buffer.concat([this.#unsent, bytesOf(data)]);
      return false;
    }
    const written = socket.write(data);
    // A socket that has failed takes nothing, and closes soon.
    if (written < data.length) this.#unsent = bytesOf(data).subarray(Math.max(written, 0));
    return written > 0;
  }

  /** The socket has room again. Answers whether it took more of what waited. */
  drained(): boolean {
    const rest = this.#unsent;
    this.#unsent = undefined;
    const tookSome = rest !== undefined && this.write(rest);
    if (this.#unsent === undefined) this.#tellDrained();
    return tookSome;
  }

  /** Resolves when nothing waits any more, or never will be sent. */
  untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket?.resume();
  }

  /** Ends it. `cut` says that nobody is to wait for anything under way. */
  end(manner: "close" | "cut"): void {
    this.#isOver = true;
    this.#unsent = undefined;
    if (manner === "cut") this.#socket?.terminate();
    else this.#socket?.end();
    this.#tellDrained();
  }

  #tellDrained(): void {
    const tell = this.#onDrained;
    this.#onDrained = undefined;
    tell?.();
  }
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}
