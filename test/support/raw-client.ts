import { connect } from "node:net";
import { eventually } from "./eventually.ts";
import type { Stage } from "./stage.ts";

/** A client that says exactly what a test wants it to. */
export interface RawClient {
  readonly send: (text: string | Uint8Array) => void;
  /** All that has arrived, one character per byte. */
  readonly received: () => string;
  /** Resolves when the text has arrived so many times. Rejects if the connection is closed before. */
  readonly until: (text: string, times?: number) => Promise<void>;
  readonly isOpen: () => boolean;
  /** Resolves when the other side has closed the connection, in order or not. */
  readonly closed: Promise<void>;
  readonly end: () => void;
  /** Ends the connection by a reset. */
  readonly reset: () => void;
}

export interface RawClientOptions {
  /** One of 127.0.0.0/8 to come from. */
  readonly from?: string;
}

/** Connects; returns once the system has the connection, which says nothing of the other side. */
export async function connectRaw(
  stage: Stage,
  port: number,
  { from }: RawClientOptions = {},
): Promise<RawClient> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    ...(from === undefined ? {} : { localAddress: from }),
  });
  stage.defer(() => socket.destroy());
  let received = "";
  let isOpen = true;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on("data", (piece: Buffer) => {
    received += piece.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isOpen = false;
    resolve();
  });
  await Promise.race([new Promise((done) => socket.once("connect", done)), closed]);
  return {
    send: (text) => void socket.write(text),
    received: () => received,
    async until(text, times = 1) {
      await eventually(() => received.split(text).length > times || !isOpen);
      if (received.split(text).length > times) return;
      throw new Error(`closed without ${JSON.stringify(text)}: ${JSON.stringify(received)}`);
    },
    isOpen: () => isOpen,
    closed,
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

export const GET = "GET /things HTTP/1.1\r\nHost: gateway\r\n\r\n";
