import { ServerResponse, createServer } from "node:http";
import type { Socket } from "node:net";
import { createAnswerer } from "./answering.ts";
import { asksForWebSocket } from "./websocket.ts";

export interface MockOptions {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
  /** The value of `server` in every JSON answer. */
  readonly name: string;
  /** Milliseconds before each answer. */
  readonly latency: number;
  /** Share of requests that are answered 500, from 0 to 1. */
  readonly failRate: number;
  /** From 0 to below 1; Math.random without it. */
  readonly random?: () => number;
}

export interface MockBackend {
  /** Where it can be reached from this machine, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly name: string;
  /** Ends every connection at once and frees the port. */
  stop(): Promise<void>;
}

/** Longer than a gateway is likely to keep an idle connection, so that it is not the mock that
 * closes one just as a request is on its way. */
const KEEP_ALIVE = 120_000;

/**
 * Starts a mock backend. `GET /` lists its paths.
 *
 * `node:http` rather than `Bun.serve`: only there does a streamed body keep its Content-Length and can
 * a connection be dropped.
 *
 * Throws when it cannot listen.
 */
export function startMock(options: MockOptions): MockBackend {
  const { name, latency, failRate, host, random = Math.random } = options;
  const serve = createAnswerer({ name, latency, failRate, random });
  const upgraded = new Set<Socket>();
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE,
      // Uploads may be as slow as a tester likes.
      requestTimeout: 0,
      shouldUpgradeCallback: asksForWebSocket,
    },
    (request, response) => serve(request, response),
  );
  server.on("upgrade", (request, _duplex, head) => {
    const { socket } = request;
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    socket.on("error", () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on("finish", () => socket.end());
    serve(request, response, head);
  });
  // The error itself comes later, as an event; the missing address is visible at once.
  server.on("error", () => undefined);
  server.listen({ port: options.port, host, exclusive: true, reusePort: false });
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error(
      `cannot listen on ${host}:${options.port}: the port is in use or not permitted, or the host is ` +
        "not an address of this machine",
    );
  }
  const { port } = address;
  return {
    url: `http://${reachable(host)}:${port}`,
    port,
    name,
    stop() {
      const stopped = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      return stopped;
    },
  };
}

function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
