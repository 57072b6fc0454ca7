import type { Timeout } from "../../time/timeout.ts";
import { ProxyHeaderReader } from "../../wire/proxy-protocol.ts";
import { BeforeRequests } from "./before-requests.ts";
import type { Peer } from "./peer.ts";
import type { Expiring } from "./services.ts";
import type { Session } from "./session.ts";
import { Waiting } from "./waiting.ts";

export interface PreambleServices {
  /** For the whole header, from the connection's opening on. */
  readonly timeout: Timeout<Expiring>;
  /** The header is complete: who the client is, and what has arrived after it. */
  named(preamble: ProxyPreamble, peer: Peer, rest: Buffer): void;
  /** The header is not valid or did not come; the connection is to be closed. */
  failed(peer: Peer, reason: string): void;
  /** The connection is closed. */
  gone(session: Session): void;
}

/** A proxy's connection until its PROXY header has named the client. */
export class ProxyPreamble extends BeforeRequests implements Expiring {
  readonly client = undefined;
  readonly socket: Bun.Socket<Session>;
  readonly #proxy: Peer;
  readonly #services: PreambleServices;
  readonly #reader = new ProxyHeaderReader();
  #isOver = false;
  readonly #waiting = new Waiting<Expiring>(this);

  constructor(socket: Bun.Socket<Session>, proxy: Peer, services: PreambleServices) {
    super();
    this.socket = socket;
    this.#proxy = proxy;
    this.#services = services;
    this.#waiting.begin(services.timeout);
  }

  received(bytes: Buffer): void {
    if (this.#isOver) return;
    const { header, rest } = this.#reader.take(bytes);
    if (header.state === "more") return;
    if (header.state === "malformed") {
      this.#fail(header.problem);
      return;
    }
    this.#end();
    const { client } = header;
    const peer =
      client === undefined ? this.#proxy : { address: client.source, port: client.sourcePort };
    this.#services.named(this, peer, rest);
  }

  /** Proxies that check whether the port is open leave without a word. */
  ended(): void {
    this.destroy();
  }

  closed(): void {
    this.#end();
    this.#services.gone(this);
  }

  destroy(): void {
    this.#end();
    this.socket.end();
  }

  timeIsUp(): void {
    this.#fail("no PROXY header has come within `server.header_timeout`");
  }

  #fail(reason: string): void {
    this.#services.failed(this.#proxy, reason);
    this.destroy();
  }

  #end(): void {
    this.#isOver = true;
    this.#waiting.end();
  }
}
