import { Elysia } from "elysia";
import type { SocketEvents } from "../pipeline/socket.ts";
import type { Gateway, Listener } from "../runtime/gateway.ts";

export interface TrafficOptions {
  readonly host: string;
  readonly port: number;
  /** Bytes of the largest message that a client may send through a WebSocket. */
  readonly maxMessageSize: number;
  /** Called for an error outside any exchange. */
  readonly onError: (error: unknown) => void;
}

/**
 * Opens the clients' port. One catch-all route, its body unread, that uses only the request of Elysia's
 * context: everything else is decided in the gateway, on validated input. Throws if the port cannot be
 * opened.
 */
export function listenForTraffic(gateway: Gateway, options: TrafficOptions) {
  const listener: Listener = {
    idleSeconds: IDLE_SECONDS,
    requestIP: (request) => server.requestIP(request),
    timeout: (request, seconds) => server.timeout(request, seconds),
    upgrade: (request, events, headers) => server.upgrade(request, { data: events, headers }),
  };
  const app = new Elysia().all("/*", ({ request }) => gateway.handle(request, listener), {
    parse: "none",
  });
  const server: Bun.Server<SocketEvents> = Bun.serve<SocketEvents>({
    hostname: options.host,
    port: options.port,
    // Without this two gateways could share a port, each with half of the requests.
    reusePort: false,
    development: false,
    idleTimeout: IDLE_SECONDS,
    // The gateway has its own limit, which answers with a problem and is logged.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: app.fetch,
    websocket: {
      open: (socket) => socket.data.open(socket),
      message: (socket, message) => socket.data.message(message),
      drain: (socket) => socket.data.drain(),
      close: (socket, code, reason) => socket.data.close(code, reason),
      maxPayloadLength: options.maxMessageSize,
      // Queued messages slow the backend down; none may be dropped.
      backpressureLimit: MOST_WAITING,
      // Pings are sent automatically, so only a client that is gone falls silent.
      idleTimeout: DEAD_CLIENT_SECONDS,
      sendPings: true,
      perMessageDeflate: false,
    },
    // A body that breaks off has been reported by its exchange; the connection is reset either way.
    error(error) {
      options.onError(error);
      return new Response(null, { status: 500 });
    },
  });
  return server;
}

const MOST_WAITING = 1024 ** 3;
const DEAD_CLIENT_SECONDS = 120;
/** How long a connection may be silent; exchanges that have been open for a while end by their own timeouts. */
const IDLE_SECONDS = 75;
