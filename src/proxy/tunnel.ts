import type { Clock } from "../time/clock.ts";
import type { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { ClientSocket, SocketEvents } from "../pipeline/socket.ts";
import { IdleWatch } from "../time/idle-watch.ts";

export interface TunnelOptions {
  /** Milliseconds without a message in either direction, after which both ends close; 0 is never. */
  readonly idleTimeout: number;
  readonly clock: Clock;
  /** Holds the tunnel while it is open, so that a stop can end it. */
  readonly tunnels: Set<Tunnel>;
}

/** When so much waits to be taken by one end, the other is read no further. */
const HIGH_WATER = 1024 * 1024;
const LOOK_AGAIN_MS = 5;

/**
 * One WebSocket through the gateway:
 *
 *   client ⇄ ClientSocket (the listener's) ⇄ Tunnel ⇄ WebSocket (ours) ⇄ backend
 *
 * Each end reads only as fast as the other takes. Messages are counted; close codes and reasons go
 * through; when one end vanishes without a word, the other's connection is cut as well.
 */
export class Tunnel implements SocketEvents {
  readonly #exchange: Exchange;
  readonly #backend: WebSocket;
  readonly #options: TunnelOptions;
  readonly #idle: IdleWatch;
  readonly #end: () => void;
  #client: ClientSocket | undefined;
  #waiting = false;
  #ended = false;
  /** How it ended before the client's end was there. */
  #early: { code: number; reason: string } | undefined;

  constructor(exchange: Exchange, backend: WebSocket, options: TunnelOptions) {
    this.#exchange = exchange;
    this.#backend = backend;
    this.#options = options;
    this.#idle = new IdleWatch(options.clock, options.idleTimeout, () => this.#fellSilent());
    const { promise, resolve } = Promise.withResolvers<void>();
    exchange.ended = promise;
    this.#end = resolve;
    backend.addEventListener("message", ({ data }: MessageEvent<string | Buffer>) =>
      this.#fromBackend(data),
    );
    backend.addEventListener("close", ({ code, reason }) => this.#backendClosed(code, reason));
  }

  open(client: ClientSocket): void {
    if (this.#early !== undefined) {
      passOnClose(client, this.#early.code, this.#early.reason);
      return;
    }
    this.#client = client;
    this.#options.tunnels.add(this);
    this.#backend.resume();
  }

  message(data: string | Buffer): void {
    this.#exchange.messagesIn += 1;
    this.#exchange.bytesIn += byteLength(data);
    this.#idle.touch();
    if (this.#ended) return;
    this.#backend.send(data);
    if (this.#backend.bufferedAmount > HIGH_WATER) this.#waitForBackend();
  }

  drain(): void {
    if (!this.#ended) this.#backend.resume();
  }

  close(code: number, reason: string): void {
    if (this.#finish()) passOnClose(this.#backend, code, reason);
  }

  /** Ends both sides with a reason of the gateway's own: 1001 when it goes away, for instance. */
  shut(code: number, reason: string): void {
    if (!this.#finish()) return;
    this.#closeClient(code, reason);
    passOnClose(this.#backend, code, reason);
  }

  /** Ends both sides because of what the exchange was broken off for. */
  breakOff(error: GatewayError | undefined): void {
    // That the client leaves is told by its end, with the code it gave.
    if (this.#ended || error === undefined || error.code === "client_closed") return;
    this.#exchange.fail(error.code, error.message);
    this.shut(1001, error.code === "gateway_stopping" ? error.message : "time is up");
  }

  #closeClient(code: number, reason: string): void {
    if (this.#client === undefined) this.#early = { code, reason };
    else passOnClose(this.#client, code, reason);
  }

  #fromBackend(data: string | Buffer): void {
    this.#exchange.messagesOut += 1;
    this.#exchange.bytesOut += byteLength(data);
    this.#idle.touch();
    // −1: taken, and the connection is full.
    if (this.#client?.send(data) === -1) this.#backend.pause();
  }

  #backendClosed(code: number, reason: string): void {
    if (this.#finish()) this.#closeClient(code, reason);
  }

  /** The runtime does not tell when a WebSocket of ours has room again. */
  #waitForBackend(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#client?.pause();
    this.#options.clock.schedule(LOOK_AGAIN_MS, () => {
      this.#waiting = false;
      if (this.#ended) return;
      if (this.#backend.bufferedAmount > HIGH_WATER / 2) this.#waitForBackend();
      else this.#client?.resume();
    });
  }

  #fellSilent(): void {
    this.#exchange.fail(
      "websocket_idle",
      `no message in either direction for ${this.#options.idleTimeout} ms`,
    );
    this.shut(1001, "idle");
  }

  /** True the first time. */
  #finish(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#idle.stop();
    this.#options.tunnels.delete(this);
    this.#end();
    return true;
  }
}

function byteLength(data: string | Buffer): number {
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}

interface Closable {
  close(code?: number, reason?: string): void;
  terminate(): void;
}

// 1005 and 1006 stand for a close without a code and for none at all; neither may be sent.
function passOnClose(socket: Closable, code: number, reason: string): void {
  try {
    if (code === 1006) socket.terminate();
    else if (code === 1005) socket.close();
    else socket.close(code, reason);
  } catch {
    socket.terminate();
  }
}
