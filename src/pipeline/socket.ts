/** The client's end of a WebSocket, from the listener. */
export interface ClientSocket {
  /** The number of bytes sent; −1 if they are queued and no more fit; 0 if they were dropped. */
  send(data: string | Buffer): number;
  close(code?: number, reason?: string): void;
  /** Cuts the connection without a closing handshake. */
  terminate(): void;
  /** Bytes that are queued. */
  getBufferedAmount(): number;
  ping(): void;
  /** Stops reading until `resume`. A client that leaves meanwhile is not noticed. */
  pause(): void;
  resume(): void;
}

/** Events of the client's end; the listener calls these. */
export interface SocketEvents {
  open(socket: ClientSocket): void;
  message(data: string | Buffer): void;
  /** After `send` returned −1: there is room again. */
  drain(): void;
  /** 1005 if the client sent no code, 1006 if it disappeared. */
  close(code: number, reason: string): void;
}
