import type { ClientTls } from "../../../../../src/pipeline/client-request.ts";
import {
  type HandshakeServices,
  type SecureConnection,
  TlsHandshake,
  type TlsSettings,
} from "../../../../../src/server/listener/tls/handshake.ts";
import type { Session } from "../../../../../src/server/listener/session.ts";
import { socketEvents } from "../../../../../src/server/listener/socket-events.ts";
import { protocolList } from "../../../../../src/wire/alpn.ts";
import { systemClock } from "../../../../../src/time/clock.ts";
import { Timeout } from "../../../../../src/time/timeout.ts";

/** A session that sends back what it gets, its connection's facts in front. */
class Echo implements Session {
  readonly isIdle = true;
  readonly client = undefined;
  readonly #connection: SecureConnection;
  #hasGreeted = false;

  constructor(connection: SecureConnection) {
    this.#connection = connection;
  }

  received(bytes: Buffer): void {
    const { socket, tls, protocol } = this.#connection;
    if (!this.#hasGreeted) socket.write(`${describe(tls, protocol)}\n`);
    this.#hasGreeted = true;
    socket.write(bytes);
  }

  drained(): void {}
  ended(): void {
    this.#connection.socket.end("goodbye");
  }
  closed(): void {}
  drain(): void {}
  cut(): void {}
  destroy(): void {
    this.#connection.socket.terminate();
  }
}

function describe({ version, serverName, certificate }: ClientTls, protocol: string | undefined) {
  return JSON.stringify({ version, serverName, protocol, subject: certificate?.subject });
}

const PEER = { address: "127.0.0.1", port: 0 };

/** A TLS port as the listener opens it, with an echo behind. */
export class TlsServer implements Disposable {
  settings: TlsSettings;
  readonly failures: string[] = [];
  readonly connections: SecureConnection[] = [];
  /** Why certificates of clients were not accepted that are served all the same. */
  readonly ignored: string[] = [];
  readonly handshakes = new Set<TlsHandshake>();
  readonly #listener: Bun.TCPSocketListener<Session>;
  readonly #timeout: Timeout<{ timeIsUp(): void }>;

  constructor(settings: TlsSettings, clock = systemClock, handshakeMs = 0) {
    this.settings = settings;
    this.#timeout = new Timeout(clock, handshakeMs, (item) => item.timeIsUp());
    const services: HandshakeServices = {
      timeout: this.#timeout,
      protocols: protocolList(["h2", "http/1.1"]),
      gone: (handshake) => this.handshakes.delete(handshake),
      secured: (handshake, secure) => {
        this.handshakes.delete(handshake);
        this.connections.push(secure);
        secure.socket.data = new Echo(secure);
      },
      failed: (_, reason) => this.failures.push(reason),
      ignored: (_, reason) => this.ignored.push(reason),
    };
    const opened = (socket: Bun.Socket<Session>) => {
      const handshake = new TlsHandshake(socket, PEER, this.settings, services);
      socket.data = handshake;
      this.handshakes.add(handshake);
    };
    this.#listener = Bun.listen<Session>({
      hostname: "127.0.0.1",
      port: 0,
      allowHalfOpen: true,
      socket: { ...socketEvents, open: opened },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}
