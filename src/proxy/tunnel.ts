import type { Clock } from "../time/clock.ts";
import type { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { ClientSocket, SocketEvents } from "../pipeline/socket.ts";
import { IdleTimeout } from "../time/idle-timeout.ts";
import { HIGH_WATER, Outflow, WaitingBytes } from "./outflow.ts";

export interface TunnelOptions {
  /**
   * Milliseconds without a message in either direction, after which both ends close; 0 sets no limit.
   */
  readonly idleTimeout: number;
  readonly clock: Clock;
  /** Holds the tunnel while it is open, so that a stop can end it. */
  readonly tunnels: Tunnels;
}

/** Maximum bytes queued in all tunnels together. */
const MOST_WAITING = 64 * 1024 * 1024;

/** The tunnels that are open. */
export class Tunnels extends Set<Tunnel> {
  /** Bytes queued in them, and in those that are closing. */
  readonly waiting: WaitingBytes;

  constructor(mostWaiting = MOST_WAITING) {
    super();
    this.waiting = new WaitingBytes(mostWaiting);
  }
}

/**
 * One WebSocket through the gateway:
 *
 *   client ⇄ ClientSocket (the listener's) ⇄ Tunnel ⇄ WebSocket (ours) ⇄ backend
 *
 * Each end is read only as fast as the other accepts data. Messages are counted; close codes and
 * reasons pass through; if one end disappears without a close frame, the other's connection is cut as
 * well.
 */
export class Tunnel implements SocketEvents {
  readonly #exchange: Exchange;
  readonly #backend: WebSocket;
  readonly #options: TunnelOptions;
  readonly #idle: IdleTimeout;
  readonly #end: () => void;
  readonly #toBackend: Outflow;
  #toClient: Outflow | undefined;
  #client: ClientSocket | undefined;
  #ended = false;
  /** How it ended before the client's end was open. */
  #early: { code: number; reason: string } | undefined;

  constructor(exchange: Exchange, backend: WebSocket, options: TunnelOptions) {
    this.#exchange = exchange;
    this.#backend = backend;
    this.#options = options;
    this.#idle = new IdleTimeout(options.clock, options.idleTimeout, () => this.#fellSilent());
    const { promise, resolve } = Promise.withResolvers<void>();
    void promise;
    this.#end = resolve;
    this.#toBackend = new Outflow({
      clock: options.clock,
      waiting: options.tunnels.waiting,
      to: { buffered: () => backend.bufferedAmount, terminate: () => backend.terminate() },
      from: {
        pause: () => this.#client?.pause(),
        resume: () => this.#client?.resume(),
        ping: () => this.#client?.ping(),
      },
      resumeAt: HIGH_WATER / 2,
      onGivenUp: (limit) => this.#backendGivenUp(limit),
    });
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
    this.#toClient = new Outflow({
      clock: this.#options.clock,
      waiting: this.#options.tunnels.waiting,
      to: {
        buffered: () => client.getBufferedAmount(),
        terminate: () => client.terminate(),
      },
      from: this.#backend,
      resumeAt: 0,
      onGivenUp: (limit) => this.#clientGivenUp(limit),
    });
    this.#options.tunnels.add(this);
    this.#backend.resume();
  }

  message(data: string | Buffer): void {
    this.#exchange.messagesIn += 1;
    this.#exchange.bytesIn += byteLength(data);
    this.#idle.touch();
    if (this.#ended) return;
    this.#backend.send(data);
    const waiting = this.#backend.bufferedAmount;
    if (waiting > 0) this.#toBackend.sent(waiting > HIGH_WATER);
  }

  drain(): void {
    if (!this.#ended) this.#toClient?.readOn();
  }

  close(code: number, reason: string): void {
    this.#toClient?.stop();
    if (!this.#finish()) return;
    if (code === VANISHED) this.#exchange.fail("client_closed", "the client left without a close");
    this.#closeBackend(code, reason);
  }

  /** Ends both sides for a reason of the gateway's own: 1001 when it stops, for instance. */
  shut(code: number, reason: string): void {
    if (!this.#finish()) return;
    this.#closeClient(code, reason);
    this.#closeBackend(code, reason);
  }

  /** Ends both sides for the reason of the exchange's cancellation. */
  breakOff(error: GatewayError | undefined): void {
    // The client's end reports its leaving, with the close code.
    if (this.#ended || error === undefined || error.code === "client_closed") return;
    this.#exchange.fail(error.code, error.message);
    this.shut(1001, error.code === "gateway_stopping" ? error.message : "time is up");
  }

  #closeClient(code: number, reason: string): void {
    const client = this.#client;
    if (client === undefined) {
      this.#early = { code, reason };
      return;
    }
    // The leaving of a client that is not being read would not be noticed.
    this.#toBackend.readOn();
    if (code === VANISHED) client.terminate();
    else this.#toClient?.closeSoon(() => passOnClose(client, code, reason));
  }

  #closeBackend(code: number, reason: string): void {
    const backend = this.#backend;
    if (code === VANISHED) {
      this.#toBackend.stop();
      backend.terminate();
      return;
    }
    this.#toClient?.readOn();
    this.#toBackend.closeSoon(() => passOnClose(backend, code, reason));
  }

  #fromBackend(data: string | Buffer): void {
    if (this.#ended) return;
    this.#exchange.messagesOut += 1;
    this.#exchange.bytesOut += byteLength(data);
    this.#idle.touch();
    // −1: accepted, and the connection is full.
    if (this.#client?.send(data) === -1) this.#toClient?.sent(true);
  }

  #backendClosed(code: number, reason: string): void {
    this.#toBackend.stop();
    if (!this.#finish()) return;
    if (code === VANISHED) {
      const detail =
        "the backend's connection ended without a close, or what it sent was not valid";
      this.#exchange.fail("backend_connection_closed", detail);
    }
    this.#closeClient(code, reason);
  }

  #backendGivenUp(limit: number): void {
    if (!this.#finish()) return;
    const detail = `the backend is not reading, and more than ${limit} bytes are queued in all WebSockets`;
    this.#exchange.fail("backend_stalled", detail);
    this.#closeClient(TRY_AGAIN_LATER, "the backend is not reading");
  }

  #clientGivenUp(limit: number): void {
    if (!this.#finish()) return;
    const detail = `the client is not reading, and more than ${limit} bytes are queued in all WebSockets`;
    this.#exchange.fail("client_stalled", detail);
    this.#closeBackend(TRY_AGAIN_LATER, "the client is not reading");
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

/** The code that stands for an end without a close frame (RFC 6455 section 7.1.5); never sent. */
const VANISHED = 1006;
/** The close code for "try again later" (RFC 6455's registry). */
const TRY_AGAIN_LATER = 1013;

function byteLength(data: string | Buffer): number {
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}

interface Closable {
  close(code?: number, reason?: string): void;
  terminate(): void;
}

// 1005 and 1006 mean a close without a code and no close; neither may be sent.
function passOnClose(socket: Closable, code: number, reason: string): void {
  try {
    if (code === VANISHED) socket.terminate();
    else if (code === 1005) socket.close();
    else socket.close(code, reason);
  } catch {
    socket.terminate();
  }
}
