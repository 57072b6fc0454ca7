import type { X509Certificate } from "node:crypto";
import { comparableHost } from "../../../http/host-pattern.ts";
import type { ClientCertificate, ClientTls } from "../../../pipeline/client-request.ts";
import type { Certificates, ServerCertificate } from "./certificates.ts";
import { clientCertificate } from "./client-certificate.ts";

/** What TLS says about an established connection. */
export class ConnectionTls implements ClientTls {
  readonly version: string;
  readonly serverName: string;
  readonly certificate: ClientCertificate | undefined;
  readonly #own: ServerCertificate;
  readonly #all: Certificates;
  /** The host of the request before: clients ask for one host again and again. */
  #host: string | undefined;
  #isMisdirected = false;

  /** `own` is the certificate that the connection was opened with, one of `all`. */
  constructor(
    socket: Bun.Socket<unknown>,
    serverName: string,
    own: ServerCertificate,
    all: Certificates,
  ) {
    const presented = socket.authorized ? certificateOf(socket) : undefined;
    this.version = socket.getTLSVersion();
    this.serverName = serverName;
    this.certificate = presented && clientCertificate(presented);
    this.#own = own;
    this.#all = all;
  }

  isMisdirected(host: string): boolean {
    if (host !== this.#host) {
      this.#host = host;
      this.#isMisdirected = this.#all.isMisdirected(this.#own, comparableHost(host));
    }
    return this.#isMisdirected;
  }
}

/** The certificate that the client presented, accepted or not. */
export function certificateOf(socket: Bun.Socket<unknown>): X509Certificate | undefined {
  return socket.getPeerX509Certificate();
}
