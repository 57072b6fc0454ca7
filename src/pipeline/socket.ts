/** The client's end of a WebSocket, as the listener gives it. */
export interface ClientSocket {
  /** Bytes sent; −1 when they wait and no more fit; 0 when they were dropped. */
  send(data: string | Buffer): number;
  close(code?: number, reason?: string): void;
  /** Cuts the connection without a closing handshake. */
  terminate(): void;
  /** Bytes that were sent and wait to be taken. */
  getBufferedAmount(): number;
  ping(): void;
  /** Reads no further until `resume`. Nor is it noticed meanwhile that the client has left. */
  pause(): void;
  resume(): void;
}

/** What becomes of the client's end; the listener calls these. */
export interface SocketEvents {
  open(socket: ClientSocket): void;
  message(data: string | Buffer): void;
  /** After `send` answered −1: there is room again. */
  drain(): void;
  /** 1005 when the client gave no code, 1006 when it vanished. */
  close(code: number, reason: string): void;
}
