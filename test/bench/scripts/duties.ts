/**
 * The floor with the duties that no gateway can leave out, each done in the cheapest way known: fields
 * changed both ways, a client that leaves and a timeout both end the attempt, a small answer is
 * taken whole and keeps its Content-Length, an exchange has an id. No routes, limits, CORS or log. What
 * this costs above the floor is what the gateway has connections of its own for, in place of fetch.
 */
import { removeHopByHopFields } from "../../support/hop-by-hop.ts";
import { systemClock } from "../../../src/time/clock.ts";
import { Timeout } from "../../../src/time/timeout.ts";

const { PORT = "8080", BACKEND = "http://127.0.0.1:9001" } = process.env;
const RESPONSE_LIMIT_MS = 30_000;
const PATIENCE_MS = 50;
const WHOLE_UP_TO = 2 ** 20;

interface Attempt {
  readonly request: Request;
  readonly controller: AbortController;
}

const responseLimit = new Timeout<Attempt>(systemClock, RESPONSE_LIMIT_MS, ({ controller }) =>
  controller.abort(),
);
const patience = new Timeout<Attempt>(systemClock, PATIENCE_MS, ({ request, controller }) => {
  if (request.signal.aborted) controller.abort();
  else request.signal.addEventListener("abort", () => controller.abort(), { once: true });
});

async function handle(request: Request): Promise<Response> {
  const { url, method, headers } = request;
  const address = server.requestIP(request)?.address ?? "";
  const requestId = crypto.randomUUID();
  removeHopByHopFields(headers);
  headers.set("x-forwarded-for", address);
  headers.set("x-forwarded-proto", "http");
  headers.set("x-forwarded-host", headers.get("host") ?? "");
  headers.set("x-real-ip", address);
  headers.set("x-request-id", requestId);
  headers.set("via", "1.1 duties");
  const attempt = { request, controller: new AbortController() };
  const waiting = patience.begin(attempt);
  const pendingTimeout = responseLimit.begin(attempt);
  const response = await fetch(BACKEND + url.slice(url.indexOf("/", "http://".length)), {
    method,
    headers,
    body: method === "GET" || method === "HEAD" ? null : await request.bytes(),
    signal: attempt.controller.signal,
    redirect: "manual",
    decompress: false,
  });
  responseLimit.end(pendingTimeout);
  patience.end(waiting);
  removeHopByHopFields(response.headers);
  response.headers.set("x-request-id", requestId);
  response.headers.set("via", "1.1 duties");
  const { status, statusText, headers: fields } = response;
  const length = Number(fields.get("content-length") ?? Infinity);
  const content = length <= WHOLE_UP_TO ? await response.bytes() : response.body;
  return new Response(content, { status, statusText, headers: fields });
}

const server = Bun.serve({
  port: Number(PORT),
  hostname: "127.0.0.1",
  development: false,
  reusePort: false,
  idleTimeout: 0,
  fetch: handle,
});
