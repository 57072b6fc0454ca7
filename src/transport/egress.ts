import { AnswerHeadReader } from "../wire/answer-head.ts";
import type { Destination } from "../upstream/destination.ts";
import { AttemptError } from "./attempt-error.ts";
import type { Dialled, Way } from "./dial.ts";
import { NoDescriptorsError } from "./descriptors.ts";
import { NOBODY, type SocketOwner } from "./socket-events.ts";

/** How backends are reached through an egress proxy. */
export interface Egress {
  /** The proxy's host, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization; undefined without credentials. */
  readonly authorization: string | undefined;
  /**
   * Whether the proxy opens a tunnel to the backend (CONNECT), as for TLS, HTTP/2 and upgrades. If not,
   * it gets each request with the backend's whole URL (RFC 9112 section 3.2.2).
   */
  readonly usesTunnel: boolean;
}

/** The destination's egress proxy; undefined without one. */
export function egressOf(to: Destination): Egress | undefined {
  const { proxy, tls, protocol, isForUpgrades } = to;
  if (proxy === undefined) return undefined;
  const { hostname, port, username, password } = new URL(proxy);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 80),
    authorization:
      credentials === ":" ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`,
    usesTunnel: tls !== undefined || protocol === "http2" || isForUpgrades,
  };
}

/** Bytes of a proxy's answer to CONNECT. */
const LONGEST_HEAD = 16_384;
const HEAD_END = Buffer.from("\r\n\r\n");

/** The beginning of a connection through an egress proxy: its socket is handed over once it leads on. */
export class EgressDial implements Dialled {
  address = "";
  readonly #for: Dialled;
  readonly #egress: Egress;
  readonly #origin: string;
  readonly #way: Way;
  #socket: Bun.Socket<SocketOwner> | undefined;
  #received = Buffer.alloc(0);
  #isOver = false;

  /** `way`: how a socket that leads to the backend is used. */
  constructor(dialled: Dialled, egress: Egress, origin: string, way: Way) {
    this.#for = dialled;
    this.#egress = egress;
    this.#origin = origin;
    this.#way = way;
  }

  get isDialling(): boolean {
    return this.#socket === undefined && !this.#isOver && this.#for.isDialling;
  }

  /** The connection is no longer needed. */
  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.terminate();
  }

  opened(socket: Bun.Socket<SocketOwner>): boolean {
    if (!this.isDialling) return false;
    this.#socket = socket;
    return true;
  }

  ready(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { usesTunnel, authorization } = this.#egress;
    if (!usesTunnel) {
      this.#handOver(socket);
      return;
    }
    const authority = authorityOf(this.#origin);
    const credentials =
      authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
    // It fits into the buffer of a socket that has just been opened.
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`);
  }

  received(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    const end = this.#received.indexOf(HEAD_END);
    if (end === -1) {
      if (this.#received.length > LONGEST_HEAD) this.#fail("the egress proxy's answer is too long");
      return;
    }
    const socket = this.#socket;
    if (socket === undefined) return;
    let status: number;
    try {
      ({ status } = new AnswerHeadReader().read(this.#received, end));
    } catch (error) {
      this.#fail("the egress proxy does not answer CONNECT in HTTP/1.1", error);
      return;
    }
    if (status < 200 || status > 299) {
      const remedy = status === 407 ? "; write its user and password into `proxy`" : "";
      this.#fail(`the egress proxy answered CONNECT with ${status}${remedy}`);
    } else if (this.#received.length > end + HEAD_END.length) {
      this.#fail("the egress proxy sent bytes before the tunnel was used");
    } else if (this.#way.tls === undefined) this.#handOver(socket);
    else this.#secure(socket);
  }

  drained(): void {}

  ended(): void {
    this.closed(undefined);
  }

  closed(cause: Error | undefined): void {
    this.#fail("the egress proxy closed the connection", cause);
  }

  refused(error: Error): void {
    if (error instanceof NoDescriptorsError) {
      this.#isOver = true;
      this.#for.refused(error);
    } else this.#fail("the egress proxy cannot be reached", error);
  }

  #handOver(socket: Bun.Socket<SocketOwner>): void {
    this.#isOver = true;
    this.#for.address = this.address;
    socket.data = this.#for;
    if (this.#for.opened(socket)) this.#for.ready();
    else socket.terminate();
  }

  /** The handshake with the backend, through the tunnel. */
  #secure(socket: Bun.Socket<SocketOwner>): void {
    this.#isOver = true;
    this.#for.address = this.address;
    // It still reports the encrypted bytes.
    socket.data = NOBODY;
    const { tls, socket: events } = this.#way;
    socket.upgradeTLS<SocketOwner>({
      data: this.#for,
      tls: tls ?? true,
      socket: events,
    });
  }

  #fail(detail: string, cause?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.terminate();
    this.#for.refused(new AttemptError("backend_unreachable", detail, "nothing", cause));
  }
}

/** Host and port, which CONNECT needs. */
function authorityOf(origin: string): string {
  const { hostname, port, protocol } = new URL(origin);
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
}
