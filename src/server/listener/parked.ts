import { BeforeRequests } from "./before-requests.ts";
import type { Session } from "./session.ts";

/** A connection that waits for another one to close: nothing is read from it meanwhile. */
export class Parked extends BeforeRequests {
  readonly client = undefined;
  readonly #socket: Bun.Socket<Session>;
  readonly #gone: (parked: Parked) => void;

  constructor(socket: Bun.Socket<Session>, gone: (parked: Parked) => void) {
    super();
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

  ended(): void {
    this.destroy();
  }

  closed(): void {
    this.#gone(this);
  }

  destroy(): void {
    this.#socket.end();
  }
}
