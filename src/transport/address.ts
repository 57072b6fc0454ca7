import { hostName } from "../http/host.ts";
import { type Connection, CONNECTION_EVENTS, secureConnectionEvents } from "./connection.ts";

/** Where connections lead to, and whether over TLS. */
export class Address {
  readonly #hostname: string;
  readonly #port: number;
  readonly #way: Pick<Bun.TCPSocketConnectOptions<Connection>, "socket" | "tls">;

  /** `origin` is a scheme, host and port; `tls` is given for https and nothing else. */
  constructor(origin: string, tls: Bun.TLSOptions | undefined) {
    const { host, port } = new URL(origin);
    this.#hostname = hostName(host);
    this.#port = Number(port || (tls === undefined ? 80 : 443));
    this.#way =
      tls === undefined
        ? { socket: CONNECTION_EVENTS }
        : { socket: secureConnectionEvents(tls.rejectUnauthorized === false), tls };
  }

  /** Opens a socket for a connection, which hears of all that becomes of it. */
  dial(connection: Connection): void {
    Bun.connect({
      hostname: this.#hostname,
      port: this.#port,
      data: connection,
      ...this.#way,
    }).catch((error: Error) => connection.refused(error));
  }
}
