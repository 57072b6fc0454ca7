import { createServer, type Socket } from "node:net";
import { message } from "./raw-http.ts";
import { listen } from "./socket-server.ts";
import type { Stage } from "./stage.ts";

/** A request as it came to a backend. */
export interface RawRequest {
  /** Request line and field lines, as they were on the wire. */
  readonly lines: readonly string[];
  /** The values of a field, one for each line of it. */
  all(name: string): string[];
  /** Resolves when the content so far, chunk framing included, holds this text. */
  received(text: string): Promise<void>;
  /** Sends text as it is. */
  send(text: string): void;
  /** Closes the connection after what was sent. */
  end(): void;
  /** Settles when the connection is closed, by whichever side. */
  readonly closed: Promise<void>;
}

export interface RawBackend {
  readonly url: string;
  /** Header sections so far. */
  readonly requests: RawRequest[];
  /** The next request that comes. */
  next(): Promise<RawRequest>;
  /** Refuses further connections; those that are open stay. */
  stop(): void;
}

/**
 * A backend that says exactly what a test wants it to, valid HTTP or not. Takes one request per
 * connection; a test that gives no `answer` answers by itself.
 */
export async function startRawBackend(
  stage: Stage,
  answer: (request: RawRequest) => void = () => undefined,
): Promise<RawBackend> {
  const requests: RawRequest[] = [];
  const waiting: ((request: RawRequest) => void)[] = [];
  const server = createServer();
  const port = await listen(stage, server, "connection", (socket) => {
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => resolve());
    });
    let text = "";
    const take = (piece: Buffer) => {
      text += piece.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end === -1) return;
      socket.off("data", take);
      const lines = text.slice(0, end).split("\r\n");
      const request = rawRequest(lines, text.slice(end + 4), socket, closed);
      requests.push(request);
      waiting.shift()?.(request);
      answer(request);
    };
    socket.on("data", take);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
      }),
    stop: () => void server.close(),
  };
}

/** A whole answer, after which the connection closes. */
export function answer(fields: readonly string[], content = "", status = "200 OK"): string {
  const length = `Content-Length: ${content.length}`;
  return message([`HTTP/1.1 ${status}`, length, "Connection: close", ...fields], content);
}

function rawRequest(
  lines: readonly string[],
  begun: string,
  socket: Socket,
  closed: Promise<void>,
): RawRequest {
  let content = begun;
  socket.on("data", (piece: Buffer) => {
    content += piece.toString("latin1");
  });
  return {
    lines,
    all(name) {
      const start = `${name.toLowerCase()}:`;
      return lines
        .filter((line) => line.toLowerCase().startsWith(start))
        .map((line) => line.slice(start.length).trim());
    },
    async received(text) {
      while (!content.includes(text)) {
        await new Promise((resolve) => {
          socket.once("data", resolve);
        });
      }
    },
    send: (text) => void socket.write(text, "latin1"),
    end: () => void socket.end(),
    closed,
  };
}
