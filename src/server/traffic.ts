import { Elysia } from "elysia";
import type { Gateway, Listener } from "../runtime/gateway.ts";

export interface TrafficOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds that a handler may wait at the most; connections are silent meanwhile. */
  readonly longestWait: number;
  /** Hears of an error outside of any exchange. */
  readonly onError: (error: unknown) => void;
}

/**
 * The port that clients talk to. One catch-all route, its body unread, and nothing of Elysia's
 * context but the request: everything else is decided in the gateway, on validated input. Throws
 * when the port cannot be had.
 */
export function listenForTraffic(gateway: Gateway, options: TrafficOptions) {
  const idleSeconds = Math.ceil(options.longestWait / 1000) + MARGIN_SECONDS;
  const listener: Listener = {
    idleSeconds,
    requestIP: (request) => server.requestIP(request),
    timeout: (request, seconds) => server.timeout(request, seconds),
  };
  const app = new Elysia().all("/*", ({ request }) => gateway.handle(request, listener), {
    parse: "none",
  });
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: options.host,
    port: options.port,
    // Without this two gateways could share a port, each with half of the requests.
    reusePort: false,
    development: false,
    idleTimeout: idleSeconds > IDLE_AT_MOST ? 0 : idleSeconds,
    // The gateway has its own limit, which answers with a problem and is logged.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: app.fetch,
    // A body that breaks off has been reported by its exchange; the connection is reset either way.
    error(error) {
      options.onError(error);
      return new Response(null, { status: 500 });
    },
  });
  return server;
}

// The runtime's own bound, in seconds.
const IDLE_AT_MOST = 255;
// The runtime counts a waiting handler as silence, so it has to be more patient than any timeout.
const MARGIN_SECONDS = 5;
