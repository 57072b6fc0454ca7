import type { PeerCertificate } from "node:tls";

/** The owner of a socket to a backend, which gets its events. */
export interface SocketOwner {
  /** The socket is open. False if it is no longer needed. */
  opened(socket: Bun.Socket<SocketOwner>): boolean;
  /** Requests can be sent. */
  ready(): void;
  received(bytes: Buffer): void;
  /** There is room for more. */
  drained(): void;
  /** The backend has closed its sending side, and may still read. */
  ended(): void;
  /** The connection is closed, or has broken. */
  closed(cause: Error | undefined): void;
  /** The connection could not be opened, or the backend is not trusted. */
  refused(error: Error): void;
}

/** The owner of sockets that are not needed. */
export const NOBODY: SocketOwner = {
  opened: () => false,
  ready: () => {},
  received: () => {},
  drained: () => {},
  ended: () => {},
  closed: () => {},
  refused: () => {},
};

/** The handler of all sockets. */
export const plainEvents: Bun.SocketHandler<SocketOwner> = {
  binaryType: "buffer",
  open(socket) {
    if (opened(socket)) socket.data.ready();
  },
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.closed(error),
  error: (socket, error) => socket.data.closed(error),
  // The dialler gets a rejected promise.
  connectError: () => {},
};

function opened(socket: Bun.Socket<SocketOwner>): boolean {
  if (socket.data.opened(socket)) return true;
  socket.data = NOBODY;
  socket.terminate();
  return false;
}

/** Finds errors in a certificate that the authorities vouch for. */
export type VerifyName = (certificate: PeerCertificate) => Error | undefined;

type Reason = (Error & { readonly code?: unknown }) | null;

/**
 * The same for TLS, whose handshake comes before anything is sent. With `verifyName` the runtime must
 * accept any certificate: it would verify another name.
 */
export function secureEvents(
  trustsAnyCertificate: boolean,
  verifyName?: VerifyName,
): Bun.SocketHandler<SocketOwner> {
  const problemOf = (socket: Bun.Socket<SocketOwner>, trusted: boolean, reason: Reason) => {
    if (reason !== null && NO_HANDSHAKE.has(reason.code)) return reason;
    if (trustsAnyCertificate) return undefined;
    if (verifyName === undefined) return trusted ? undefined : (reason ?? noHandshake());
    if (reason !== null && reason.code !== OTHER_NAME) return reason;
    return verifyName(socket.getPeerCertificate());
  };
  return {
    ...plainEvents,
    open: (socket) => void opened(socket),
    handshake(socket, trusted, reason: Reason) {
      const problem = problemOf(socket, trusted, reason);
      if (problem === undefined) socket.data.ready();
      else socket.data.refused(problem);
    },
  };
}

/** Failed handshakes; other reasons are about a certificate. */
const NO_HANDSHAKE = new Set<unknown>(["EPROTO", "ECONNRESET"]);
const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

function noHandshake(): Error {
  return Object.assign(new Error("the TLS handshake failed"), { code: "EPROTO" });
}
