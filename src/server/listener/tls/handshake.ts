import type { ClientTls } from "../../../pipeline/client-request.ts";
import type { Timeout } from "../../../time/timeout.ts";
import { protocolList } from "../../../wire/alpn.ts";
import { type ClientHello, LONGEST_HELLO, readClientHello } from "../../../wire/client-hello.ts";
import { BeforeRequests } from "../before-requests.ts";
import type { Peer } from "../peer.ts";
import type { Expiring } from "../services.ts";
import type { Session } from "../session.ts";
import { NOBODY, socketEvents } from "../socket-events.ts";
import { Waiting } from "../waiting.ts";
import type { Certificates, ServerCertificate } from "./certificates.ts";
import { certificateOf, ConnectionTls } from "./connection-tls.ts";
import { type ClientCertificates, type SecureContext, upgradeToTls } from "./secure-context.ts";

/** What new connections are opened with. Never changed: another takes its place. */
export interface TlsSettings {
  readonly certificates: Certificates;
  readonly clientCertificates: ClientCertificates;
  /** For a client that offers acme-tls/1, the context of the challenge for its server name. */
  readonly challenge: ((serverName: string) => SecureContext | undefined) | undefined;
}

/** A connection whose handshake has succeeded. */
export interface SecureConnection {
  readonly peer: Peer;
  readonly socket: Bun.Socket<Session>;
  readonly tls: ClientTls;
  /** What ALPN chose; undefined without it. */
  readonly protocol: string | undefined;
}

export interface HandshakeServices {
  /** For the whole handshake, from the connection's opening on. */
  readonly timeout: Timeout<Expiring>;
  /** Offered by ALPN; see `protocolList`. */
  readonly protocols: Buffer;
  /** The handshake has succeeded: opens the session that takes its place. */
  readonly secured: (handshake: TlsHandshake, connection: SecureConnection) => void;
  /** For the operator who wants to know why. */
  readonly failed: (peer: Peer, reason: string) => void;
  /** The client's certificate is not accepted; it is served like one without. */
  readonly ignored: (peer: Peer, reason: string) => void;
  /** The connection is closed, without having become secure. */
  readonly gone: (handshake: TlsHandshake) => void;
}

/** A hello that comes in more pieces than this is one byte at a time. */
const MOST_PIECES = 64;

/** Alerts (RFC 8446 section 6.2): a fatal unrecognized_name. */
const NO_CERTIFICATE = Buffer.from("15030300020270", "hex");
const ACME_PROTOCOL = "acme-tls/1";
const ACME_ONLY = protocolList([ACME_PROTOCOL]);

/** The reason of a failure that means nothing: a check of the port, or a client with second thoughts. */
export const CLIENT_LEFT = "the client left";

const PLAIN_HTTP = /^[A-Z]{3,16} /;
const PLAIN_HTTP_ANSWER = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: text/plain;charset=utf-8",
  "Content-Length: 55",
  "Connection: close",
  "",
  "This port speaks TLS: the address begins with https://\n",
].join("\r\n");

/**
 * A client's connection until TLS is established:
 *
 *   ClientHello ─▶ certificate by its server name ─▶ handshake ─▶ session
 *
 * The hello is read here and then again by TLS, so that nothing is decided before it is known what the
 * client wants.
 */
export class TlsHandshake extends BeforeRequests implements Expiring {
  readonly #socket: Bun.Socket<Session>;
  readonly #settings: TlsSettings;
  readonly #services: HandshakeServices;
  readonly #peer: Peer;
  #received: Buffer | undefined;
  #pieces = 0;
  #hello: ClientHello | undefined;
  #certificate: ServerCertificate | undefined;
  #isOver = false;
  readonly #waiting = new Waiting<Expiring>(this);

  constructor(
    socket: Bun.Socket<Session>,
    peer: Peer,
    settings: TlsSettings,
    services: HandshakeServices,
  ) {
    super();
    this.#socket = socket;
    this.#peer = peer;
    this.#settings = settings;
    this.#services = services;
    this.#waiting.begin(services.timeout);
  }

  get client(): string {
    return this.#peer.address;
  }

  received(bytes: Buffer): void {
    if (this.#isOver || this.#hello !== undefined) return;
    this.#pieces += 1;
    const received = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes]);
    const reading = readClientHello(received);
    if (reading.state === "complete") {
      this.#hello = reading.hello;
      this.#received = undefined;
      this.#upgrade(reading.hello, received);
    } else if (reading.state === "malformed") this.#refuse(received);
    else if (received.length > LONGEST_HELLO || this.#pieces > MOST_PIECES) {
      this.#fail("the ClientHello does not end");
    } else this.#received = received;
  }

  handshaken(socket: Bun.Socket<Session>, succeeded: boolean, error: Error | null): void {
    if (this.#isOver) return;
    if (!succeeded) {
      this.#fail(reasonOf(error));
      return;
    }
    const hello = this.#hello;
    const own = this.#certificate;
    if (hello === undefined || own === undefined) {
      // A challenge ends with its handshake (RFC 8737 section 3).
      this.#end();
      socket.end();
      return;
    }
    const refusal = this.#refusalOf(socket, error);
    if (refusal !== undefined) {
      this.#fail(refusal);
      socket.end();
      return;
    }
    const { certificates } = this.#settings;
    const tls = new ConnectionTls(socket, hello.serverName, own, certificates);
    const protocol = socket.alpnProtocol || undefined;
    this.#end();
    this.#services.secured(this, { peer: this.#peer, socket, tls, protocol });
  }

  ended(): void {
    this.#fail(CLIENT_LEFT);
  }

  closed(cause: Error | undefined): void {
    const isExplained = cause !== undefined && this.#hello !== undefined;
    this.#fail(isExplained ? reasonOf(cause) : CLIENT_LEFT);
    this.#services.gone(this);
  }

  destroy(): void {
    this.#end();
    this.#socket.terminate();
  }

  timeIsUp(): void {
    this.#fail("it took longer than `server.header_timeout`");
  }

  /** Why the client may not go on without an accepted certificate; undefined if it may. */
  #refusalOf(socket: Bun.Socket<Session>, error: Error | null): string | undefined {
    const { clientCertificates } = this.#settings;
    const isPresent = certificateOf(socket) !== undefined;
    if (clientCertificates === "ignored" || (socket.authorized && isPresent)) return undefined;
    const reason = `the client's certificate is not accepted: ${reasonOf(error)}`;
    if (clientCertificates === "required") return reason;
    if (isPresent) this.#services.ignored(this.#peer, reason);
    return undefined;
  }

  #upgrade(hello: ClientHello, received: Buffer): void {
    const settings = this.#settings;
    const challenge = hello.protocols.includes(ACME_PROTOCOL)
      ? settings.challenge?.(hello.serverName)
      : undefined;
    this.#certificate =
      challenge === undefined ? settings.certificates.choose(hello.serverName) : undefined;
    const context = challenge ?? this.#certificate?.context;
    if (context === undefined) {
      this.#socket.write(NO_CERTIFICATE);
      this.#fail("there is no certificate yet");
      return;
    }
    const socket = this.#socket;
    // From now on its events carry what is encrypted, which TLS reads by itself.
    socket.data = NOBODY;
    upgradeToTls(socket, {
      context,
      received,
      protocols: challenge === undefined ? this.#services.protocols : ACME_ONLY,
      clientCertificates: challenge === undefined ? settings.clientCertificates : "ignored",
      data: this,
      events: socketEvents,
    });
  }

  #refuse(received: Buffer): void {
    if (PLAIN_HTTP.test(received.toString("latin1", 0, 20))) {
      this.#socket.write(PLAIN_HTTP_ANSWER);
      this.#fail("plain HTTP on the TLS port");
    } else this.#fail("it does not begin with a ClientHello");
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#services.failed(this.#peer, reason);
    this.#end();
    this.#socket.end();
  }

  #end(): void {
    this.#isOver = true;
    this.#received = undefined;
    this.#waiting.end();
  }
}

/** "error:1000009c:SSL routines:OPENSSL_internal:HTTP_REQUEST" says "http request". */
function reasonOf(error: Error | null): string {
  const text = error?.message ?? "";
  if (DISCONNECTED.test(text)) return "the client broke it off; it may not trust the certificate";
  const known = /^error:[0-9a-f]+:[^:]*:[^:]*:([A-Z0-9_]+)/.exec(text)?.[1];
  return known === undefined
    ? text || "the handshake failed"
    : (REASONS[known] ?? known.toLowerCase().replaceAll("_", " "));
}

const DISCONNECTED = /^Client network socket disconnected/;

/** The reasons that the configuration can be the cause of. */
const REASONS: Readonly<Record<string, string>> = {
  // An alert in plain text, in which OpenSSL refuses certificates by TLS 1.3.
  BAD_PACKET_LENGTH: "the client broke it off; it probably does not trust the certificate",
  NO_APPLICATION_PROTOCOL: "the client offers neither HTTP/2 nor HTTP/1.1 by ALPN",
  NO_SHARED_CIPHER: "the client offers no cipher that is accepted",
  PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client sent no certificate",
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the client does not trust the certificate",
  TLSV1_ALERT_UNKNOWN_CA: "the client does not trust the certificate",
  UNSUPPORTED_PROTOCOL: "the client offers no version of TLS from `server.tls.min_version` on",
};
