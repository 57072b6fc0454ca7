import type { Clock } from "../time/clock.ts";
import { AttemptError } from "./attempt-error.ts";
import { connectError } from "./descriptors.ts";
import type { Name } from "./names.ts";
import type { SocketOwner } from "./socket-events.ts";

/** How every address of a backend is dialled. */
export type Way = Pick<Bun.TCPSocketConnectOptions<SocketOwner>, "port" | "socket" | "tls"> & {
  /** Addresses are paths of Unix sockets. */
  readonly isUnix?: boolean;
};

/** What a socket is opened for. */
export interface Dialled extends SocketOwner {
  /** Whether it still needs a socket. */
  readonly isDialling: boolean;
  /** The address at the other end, once it is open. */
  address: string;
}

export interface DialOptions {
  readonly connect: Connect;
  readonly way: Way;
  readonly clock: Clock;
  /** The source of the addresses. */
  readonly name: Name | undefined;
  /** Whether the name was looked up for this dial. */
  readonly areNew: boolean;
}

/** Opens a socket at one address. */
export interface Connect {
  (options: Bun.TCPSocketConnectOptions<SocketOwner>): Promise<Bun.Socket<SocketOwner>>;
  (options: Bun.UnixSocketOptions<SocketOwner>): Promise<Bun.Socket<SocketOwner>>;
}

/**
 * Milliseconds after which the next address is dialled in parallel with one that does not respond (RFC
 * 8305).
 */
const NEXT_AFTER = 250;

/**
 * Opens one connection: dials one address after another until one accepts. If all known ones refuse,
 * the name is looked up again, and new addresses are dialled.
 */
export class Dial {
  readonly #connection: Dialled;
  readonly #options: DialOptions;
  readonly #left: string[];
  readonly #dialled = new Set<string>();
  #areNew: boolean;
  #underWay = 0;
  /** A refusal says more than an unreachable address, perhaps of the other family. */
  #refusal: Error | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(connection: Dialled, addresses: readonly string[], options: DialOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#areNew = options.areNew || options.name === undefined;
    this.#left = [...addresses];
  }

  /** Dials the next address. */
  next(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const address = this.#left.shift();
    if (address === undefined || !this.#connection.isDialling) return;
    this.#dialled.add(address);
    this.#underWay += 1;
    const { clock } = this.#options;
    let opening: ReturnType<Connect>;
    try {
      opening = this.#connect(address);
    } catch (error) {
      // Invalid settings, such as a corrupted certificate file; no other address would help.
      this.#left.length = 0;
      this.#underWay -= 1;
      this.#connection.refused(unusable(error));
      return;
    }
    opening.then(
      (socket) => this.#opened(socket, address),
      (error: Error) => this.#failed(error, address),
    );
    if (this.#left.length > 0) {
      this.#cancelTimer = clock.schedule(NEXT_AFTER, () => this.next());
    }
  }

  #connect(address: string): ReturnType<Connect> {
    const { connect, way } = this.#options;
    const data = this.#connection;
    const { isUnix = false, ...tcp } = way;
    return isUnix
      ? connect({ unix: address, data, socket: way.socket, allowHalfOpen: true })
      : connect({ hostname: address, data, ...tcp, allowHalfOpen: true });
  }

  #opened(socket: Bun.Socket<SocketOwner>, address: string): void {
    // A socket that lost the race is not needed.
    if (socket.data !== this.#connection) return;
    this.#cancelTimer?.();
    this.#connection.address = address;
  }

  #failed(error: Error, address: string): void {
    this.#underWay -= 1;
    if (!this.#connection.isDialling) return;
    const meaning = connectError(error);
    if (meaning !== error) {
      // The address is not at fault, and another one would fail too.
      this.#cancelTimer?.();
      this.#connection.refused(meaning);
      return;
    }
    this.#options.name?.failedAt(address);
    if ("code" in error && error.code === "ECONNREFUSED") this.#refusal = error;
    if (this.#left.length > 0) this.next();
    else if (this.#underWay === 0) void this.#lookUpAgain(this.#refusal ?? error);
  }

  /** Dials the results of a new lookup, if the addresses were not fresh. */
  async #lookUpAgain(error: Error): Promise<void> {
    const { name } = this.#options;
    if (name !== undefined && !this.#areNew) {
      this.#areNew = true;
      try {
        const found = await name.lookUp();
        this.#left.push(...found.filter((address) => !this.#dialled.has(address)));
      } catch {
        // The refusal by the old addresses says more than a failed lookup.
      }
    }
    if (this.#left.length > 0) this.next();
    else this.#connection.refused(error);
  }
}

function unusable(cause: unknown): AttemptError {
  const detail = "the TLS settings for the backend are invalid";
  return new AttemptError("backend_tls_failed", detail, "nothing", cause);
}
