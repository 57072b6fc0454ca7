import type { Socket } from "node:net";

/** How a connection came to its end, as this side saw it. */
export type Ending = "closed" | "reset";

/** Bytes were expected, and the connection ended or nothing came in time. */
export class BrokenOff extends Error {
  readonly how: Ending | "silent";
  /** What had come until then and was not read. */
  readonly rest: Buffer;

  constructor(how: Ending | "silent", rest: Buffer) {
    const got =
      rest.length === 0 ? "nothing" : JSON.stringify(rest.toString("latin1").slice(0, 60));
    super(how === "silent" ? `silence after ${got}` : `connection ${how} after ${got}`);
    this.how = how;
    this.rest = rest;
  }
}

/** What comes in on a socket, to be read piece by piece and byte-exact. */
export class Incoming {
  /** Milliseconds that a read waits for a next byte before it gives up. */
  patience: number;
  /** Settles, never rejects, when the other side has closed or reset the connection. */
  readonly ended: Promise<Ending>;
  #buffer: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #ending: Ending | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, patience: number) {
    this.patience = patience;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    const end = (how: Ending) => {
      this.#ending ??= how;
      resolve(this.#ending);
      this.#wake?.();
    };
    socket.on("data", (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#wake?.();
    });
    socket.on("end", () => end("closed"));
    socket.on("error", () => end("reset"));
    socket.on("close", (failed: boolean) => end(failed ? "reset" : "closed"));
  }

  /** How the connection ended; undefined while it is open. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Takes everything up to the end of the first match. */
  async until(marker: RegExp | string): Promise<Buffer> {
    for (;;) {
      const end = endOf(this.#gather(), marker);
      if (end !== undefined) return this.#take(end);
      await this.#more();
    }
  }

  async exactly(length: number): Promise<Buffer> {
    let gathered = this.#buffer.length + this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    while (gathered < length) {
      await this.#more();
      gathered = this.#buffer.length + this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    }
    this.#gather();
    return this.#take(length);
  }

  /** What is there, or else the next that comes. */
  async some(): Promise<Buffer> {
    if (this.#gather().length === 0) await this.#more();
    return this.#take(this.#gather().length);
  }

  /** Everything until the connection ends, and how it did; "silent" when it does not in time. */
  async all(): Promise<{ bytes: Buffer; how: Ending | "silent" }> {
    try {
      for (;;) await this.#more();
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error;
      return { bytes: this.#take(this.#gather().length), how: error.how };
    }
  }

  #gather(): Buffer {
    if (this.#pieces.length > 0) {
      this.#buffer = Buffer.concat([this.#buffer, ...this.#pieces]);
      this.#pieces = [];
    }
    return this.#buffer;
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    const known = this.#pieces.length;
    if (this.#ending === undefined) {
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(this.patience)
          ? setTimeout(resolve, this.patience)
          : undefined;
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#pieces.length > known) return;
    throw new BrokenOff(this.#ending ?? "silent", this.#gather());
  }
}

function endOf(bytes: Buffer, marker: RegExp | string): number | undefined {
  if (typeof marker === "string") {
    const start = bytes.indexOf(marker, 0, "latin1");
    return start === -1 ? undefined : start + marker.length;
  }
  const match = marker.exec(bytes.toString("latin1"));
  return match === null ? undefined : match.index + match[0].length;
}
