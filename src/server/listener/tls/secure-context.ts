import { createSecureContext } from "node:tls";

export type MinVersion = "1.2" | "1.3";

/** A certificate with its key, in PEM. */
export interface PemPair {
  /** The certificate first, then those of its issuers. */
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
}

export type ClientCertificates = "ignored" | "asked for" | "required";

export interface ContextOptions {
  readonly minVersion: MinVersion;
  /** PEM; the authorities that clients' certificates are verified against, if they are asked for. */
  readonly clientAuthorities: Buffer | undefined;
  /** A session that began without a certificate must not be resumed where one is required. */
  readonly clientCertificates: ClientCertificates;
}

/**
 * Of TLS 1.2, in order of preference: forward secrecy and authenticated encryption, as HTTP/2 demands
 * (RFC 9113 section 9.2.2). TLS 1.3 has no others.
 */
const CIPHERS = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

declare const native: unique symbol;

/**
 * What connections share: certificate, key, versions, authorities and the keys of session tickets. So
 * a session can be resumed as long as its context is in use, and never under other settings.
 */
export interface SecureContext {
  readonly [native]: never;
}

/** Takes less than 0.1 ms. Throws the runtime's error if TLS cannot use the files. */
export function openContext(pair: PemPair, options: ContextOptions): SecureContext {
  const { context }: { context: unknown } = createSecureContext({
    cert: pair.certificate,
    key: pair.key,
    minVersion: `TLSv${options.minVersion}`,
    ciphers: CIPHERS,
    ...(options.clientAuthorities === undefined ? {} : { ca: options.clientAuthorities }),
  });
  return context as SecureContext;
}

export interface UpgradeOptions<Data> {
  readonly context: SecureContext;
  /** What the client has sent so far. */
  readonly received: Buffer;
  /** Length-prefixed names of protocols, in order of preference. */
  readonly protocols: Buffer;
  readonly clientCertificates: ClientCertificates;
  readonly data: Data;
  readonly events: Bun.SocketHandler<Data>;
}

/**
 * Begins TLS as a server on a socket whose first bytes have been read. The runtime's types mention only
 * the client's side of this; `node:tls` uses the server's in the same way. From then on the plain
 * socket's events carry what is encrypted.
 */
export function upgradeToTls<Data>(
  socket: Bun.Socket<unknown>,
  { context, received, protocols, clientCertificates, data, events }: UpgradeOptions<Data>,
): void {
  socket.upgradeTLS<Data>({
    isServer: true,
    initialData: received,
    data,
    socket: events,
    tls: {
      secureContext: context,
      requestCert: clientCertificates !== "ignored",
      rejectUnauthorized: clientCertificates === "required",
      ALPNProtocols: protocols,
    },
  } as unknown as Bun.TLSUpgradeOptions<Data>);
}
