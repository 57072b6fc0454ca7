import { type Connection, CONNECTION_EVENTS, SECURE_CONNECTION_EVENTS } from "./connection.ts";

/** Where connections lead to, and whether over TLS. */
export class Address {
  /** Whether TLS is to go on with a backend whose certificate is not trusted. */
  readonly trustsAnyCertificate: boolean;
  readonly #hostname: string;
  readonly #port: number;
  readonly #tls: Bun.TLSOptions | undefined;

  /** `origin` is a scheme, host and port; `tls` is given for https and nothing else. */
  constructor(origin: string, tls: Bun.TLSOptions | undefined) {
    const { hostname, port } = new URL(origin);
    this.#hostname = hostname.replace(/^\[|\]$/g, "");
    this.#port = Number(port || (tls === undefined ? 80 : 443));
    this.#tls = tls;
    this.trustsAnyCertificate = tls?.rejectUnauthorized === false;
  }

  /** Opens a socket for a connection, which hears of all that becomes of it. */
  dial(connection: Connection): void {
    const tls = this.#tls;
    Bun.connect({
      hostname: this.#hostname,
      port: this.#port,
      data: connection,
      ...(tls === undefined
        ? { socket: CONNECTION_EVENTS }
        : { socket: SECURE_CONNECTION_EVENTS, tls }),
    }).catch((error: Error) => connection.refused(error));
  }
}
