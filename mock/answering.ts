import type { IncomingMessage, ServerResponse } from "node:http";
import { answerRoutes, answerStatus, readStatus } from "./answers.ts";
import { bodyRoutes } from "./bodies.ts";
import { type Call, answerError } from "./call.ts";
import { pause } from "./flow.ts";
import { healthRoutes, isHealthPath } from "./health.ts";
import { resourceRoutes } from "./resources.ts";
import { type Route, Router, listing } from "./router.ts";
import { BadValue, readDuration } from "./values.ts";
import { webSocketRoute } from "./websocket.ts";

/** How a mock treats every request but those for its health. */
interface Manners {
  readonly name: string;
  /** Milliseconds before each answer. */
  readonly latency: number;
  /** Share of requests that are answered 500, from 0 to 1. */
  readonly failRate: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

const NOTES = [
  "?delay=250ms on any path answers that much later, and ?status=503 answers with that status.",
  "The mock's own latency and fail rate apply to every path but /health and what is below it.",
  "An invalid value is answered with 400 and what is expected.",
];

/** Shared by requests without a query, so that they need no parser. Never written to. */
const NO_QUERY = new URLSearchParams();

/** Answers requests one by one. */
type Answerer = (request: IncomingMessage, response: ServerResponse, upgradeHead?: Buffer) => void;

/**
 * Makes what answers requests. Each one goes through the same steps, a WebSocket's too:
 *
 *   latency and ?delay= → fail rate → ?status= → the route
 */
export function createAnswerer(manners: Manners): Answerer {
  const routes: Route[] = [
    ...resourceRoutes(),
    ...healthRoutes(),
    ...answerRoutes,
    ...bodyRoutes,
    webSocketRoute,
  ];
  const router = new Router([listing(NOTES, routes), ...routes]);

  function answer(call: Call): void | Promise<void> {
    const delay = call.query.get("delay");
    const status = call.query.get("status");
    const spared = isHealthPath(call.path);
    const wait =
      (spared ? 0 : manners.latency) + (delay === null ? 0 : readDuration("delay", delay));
    const finalStatus = status === null ? undefined : readStatus("status", status);

    const finish = () => {
      if (!spared && manners.failRate > 0 && manners.random() < manners.failRate) {
        return answerError(call, 500, "This mock fails a share of its requests (--fail-rate)");
      }
      if (finalStatus !== undefined) return answerStatus(call, finalStatus);
      return router.dispatch(call);
    };
    if (wait === 0) return finish();
    return pause(call, wait).then((stayed) => (stayed ? finish() : undefined));
  }

  return function serve(request, response, upgradeHead) {
    const call = openCall(manners.name, request, response, upgradeHead);
    try {
      const pending = answer(call);
      if (pending instanceof Promise) pending.catch((error: unknown) => refuse(call, error));
    } catch (error) {
      refuse(call, error);
    }
  };
}

function openCall(
  server: string,
  request: IncomingMessage,
  response: ServerResponse,
  upgradeHead: Buffer | undefined,
): Call {
  const { url = "", method = "" } = request;
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const search = mark === -1 ? "" : url.slice(mark + 1);
  const query = search === "" ? NO_QUERY : new URLSearchParams(search);
  return { request, response, server, method, path, search, query, upgradeHead };
}

function refuse(call: Call, error: unknown): void {
  if (error instanceof BadValue) answerError(call, 400, error.message);
  else if (call.response.headersSent) call.request.socket.destroy();
  // Mostly a client that left while its body was being read, and will not see this.
  else answerError(call, 500, String(error));
}
