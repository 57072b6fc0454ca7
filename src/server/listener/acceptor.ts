import { closeSync, openSync } from "node:fs";
import { copyDescriptor } from "./descriptor-copy.ts";

export interface AcceptorOptions<Data> {
  readonly hostname: string;
  readonly port: number;
  readonly socket: Bun.SocketHandler<Data>;
  /** Copies a descriptor; see `copyDescriptor`. */
  readonly copy?: (descriptor: number) => number | undefined;
}

/** The runtime's listener, with what its types do not mention. */
type Listener<Data> = Bun.TCPSocketListener<Data> & { readonly fd: number };

/**
 * A port on which accepting can pause: clients then wait in the system's queue, in which they are
 * connected, and their first bytes wait with them. Bun cannot do that by itself. Its listener is
 * stopped, which also ends its accept loop in the middle, while a copy of the descriptor keeps the
 * socket listening; from that copy a new listener is made. Accepted connections are not affected.
 */
export class Acceptor<Data> {
  readonly hostname: string;
  readonly port: number;
  readonly #options: AcceptorOptions<Data>;
  /** Undefined while paused and once stopped. */
  #listener: Listener<Data> | undefined;
  /** The descriptor of the listening socket while paused. */
  #held: number | undefined;
  /** Given up for the copy: accepting pauses when descriptors have run out, too. */
  #spare: number | undefined;
  #isStopped = false;

  /** Opens the port. Throws the runtime's error if it cannot be opened. */
  constructor(options: AcceptorOptions<Data>) {
    this.#options = options;
    const { hostname, port, socket } = options;
    this.#listener = Bun.listen({ hostname, port, socket, allowHalfOpen: true }) as Listener<Data>;
    this.hostname = this.#listener.hostname;
    this.port = this.#listener.port;
    this.#keepSpare();
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  /** Accepts no further connection until `resume`. False if that is not possible; then it goes on. */
  pause(): boolean {
    const listener = this.#listener;
    if (listener === undefined) return true;
    if (this.#spare !== undefined) closeSync(this.#spare);
    this.#spare = undefined;
    this.#held = (this.#options.copy ?? copyDescriptor)(listener.fd);
    if (this.#held === undefined) {
      this.#keepSpare();
      return false;
    }
    this.#listener = undefined;
    listener.stop(false);
    return true;
  }

  /** Accepts those that have waited, and further ones. Throws the runtime's error if it cannot. */
  resume(): void {
    if (this.#held === undefined || this.#isStopped) return;
    const options = { fd: this.#held, socket: this.#options.socket, allowHalfOpen: true };
    // A listener of an open descriptor, which the types do not mention either. It owns the descriptor.
    this.#listener = Bun.listen(options as never) as Listener<Data>;
    this.#held = undefined;
    this.#keepSpare();
  }

  /** Closes the port; those that wait are reset. Accepted connections stay. */
  stop(): void {
    this.#isStopped = true;
    this.#listener?.stop(false);
    this.#listener = undefined;
    for (const descriptor of [this.#held, this.#spare]) {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    this.#held = undefined;
    this.#spare = undefined;
  }

  #keepSpare(): void {
    try {
      this.#spare = openSync("/dev/null", "r");
    } catch {
      // None is left; the copy may fail then.
    }
  }
}
