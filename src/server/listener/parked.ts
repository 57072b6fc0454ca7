import type { Session } from "./session.ts";

/** A connection that waits for another one to close: nothing is read from it meanwhile. */
export class Parked implements Session {
  readonly isIdle = true;
  readonly client = undefined;
  readonly #socket: Bun.Socket<Session>;
  readonly #gone: (parked: Parked) => void;

  constructor(socket: Bun.Socket<Session>, gone: (parked: Parked) => void) {
    this.#socket = socket;
    this.#gone = gone;
    socket.data = this;
    socket.pause();
  }

  /** It has been waiting for long enough. */
  release(): Bun.Socket<Session> {
    this.#socket.resume();
    return this.#socket;
  }

  // oxlint-disable-next-line class-methods-use-this -- it is paused
  received(): void {}

  // oxlint-disable-next-line class-methods-use-this -- nothing has been written
  drained(): void {}

  ended(): void {
    this.destroy();
  }

  closed(): void {
    this.#gone(this);
  }

  drain(): void {
    this.destroy();
  }

  cut(): void {
    this.destroy();
  }

  destroy(): void {
    this.#socket.end();
  }
}
