import type { Session } from "./session.ts";

/** The events of clients' sockets, encrypted or not: each goes to the session that has the socket. */
export const socketEvents: Bun.SocketHandler<Session> = {
  binaryType: "buffer",
  handshake: (socket, succeeded, error) => socket.data.handshaken?.(socket, succeeded, error),
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.drained(),
  end: (socket) => socket.data.ended(),
  close: (socket, error) => socket.data.closed(error),
  error: (socket, error) => socket.data.closed(error),
};

/** The session of a socket whose events are of no interest. */
export const NOBODY: Session = {
  isIdle: true,
  client: undefined,
  received: () => {},
  drained: () => {},
  ended: () => {},
  closed: () => {},
  drain: () => {},
  cut: () => {},
  destroy: () => {},
};

/** Closes a connection that does not stay. */
export function refuse(socket: Bun.Socket<Session>): void {
  socket.data = NOBODY;
  socket.end();
}
