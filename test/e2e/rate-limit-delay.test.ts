import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import {
  type GatewayProcess,
  type LogRow,
  noHealthChecks,
  startGateway,
} from "../support/gateway-process.ts";
import { Http2Client } from "../support/http2-client.ts";
import { frame, GET, headers, uint32 } from "../support/http2-frames.ts";
import { connectRaw } from "../support/raw-client.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** One request passes; the others wait for half a minute each. */
const SLOW = { rate: "2/m", burst: 1, when_exceeded: "delay", max_delay: "40s" };

async function gatewayWith(limit: object, more: Record<string, unknown> = {}) {
  const paths: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ url }) {
      paths.push(new URL(url).pathname);
      return new Response("ok");
    },
  });
  stage.defer(() => server.stop(true));
  const backends = [server.url.href];
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    ...more,
    routes: [{ path: "/api/*", backends, rate_limit: limit }],
  });
  return { gateway, backends, paths };
}

/** The rows below /api/, as soon as there are so many. */
function rowsOf(gateway: GatewayProcess, count: number): Promise<LogRow[]> {
  return eventually(() => {
    const rows = gateway.rows().filter(({ path }) => path?.startsWith("/api/"));
    return rows.length >= count && rows;
  });
}

/** Sends a request that waits for its token; the answer is there later. */
async function queueUp(gateway: GatewayProcess, path: string, init: RequestInit = {}) {
  const answer = ask(`${gateway.url}${path}`, init);
  answer.catch(() => undefined);
  // It waits when the gateway has it: an answered request after it shows that.
  await ask(`${gateway.url}/health`);
  return { answer };
}

test("requests above the limit wait for their turn, and their rows show for how long", async () => {
  const { gateway, paths } = await gatewayWith({
    rate: 20,
    burst: 1,
    when_exceeded: "delay",
    max_delay: "10s",
  });
  const connection = await connectRaw(stage, gateway.port);
  const request = (id: number) => `GET /api/${id} HTTP/1.1\r\nHost: a\r\n\r\n`;

  connection.send(request(0));
  await connection.until("ok");
  const answers: Promise<Response>[] = [];
  for (let id = 1; id <= 4; id += 1) answers.push((await queueUp(gateway, `/api/${id}`)).answer);
  for (const answer of answers) expect((await answer).status).toBe(200);

  expect(paths).toEqual(["/api/0", "/api/1", "/api/2", "/api/3", "/api/4"]);
  const rows = await rowsOf(gateway, 5);
  // Between the first and the last there are four tokens of 50 ms each.
  const [first, last] = [rows[0], rows[4]].map((row) => Date.parse(row?.timestamp ?? ""));
  const ended = (last ?? 0) + (rows[4]?.latency_ms ?? 0);
  expect(ended - (first ?? 0)).toBeGreaterThanOrEqual(199);
});

test("who leaves gives its place to the next, over HTTP/1.1 and HTTP/2", async () => {
  const { gateway } = await gatewayWith(SLOW);
  expect((await ask(`${gateway.url}/api/1`)).status).toBe(200);
  const leaving = new AbortController();
  const waiting = await queueUp(gateway, "/api/2", { signal: leaving.signal });

  const refused = await ask(`${gateway.url}/api/3`);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toMatch(/^(60|59|58)$/);
  expect(await problemOf(refused)).toMatchObject({ code: "rate_limited" });

  leaving.abort();
  expect(await waiting.answer.catch((error: Error) => error.name)).toBe("AbortError");
  const rows = await rowsOf(gateway, 3);
  expect(rows.find(({ path }) => path === "/api/2")).toMatchObject({
    status_code: 499,
    error_code: "client_closed",
  });

  const client = await Http2Client.open(stage, gateway.port);
  client.send(headers(1, [...GET.slice(0, 2), [":path", "/api/4"], GET[3]!]));
  await client.pong();
  expect((await ask(`${gateway.url}/api/5`)).status).toBe(429);
  client.send(frame(3, 0, 1, uint32(8)));
  await client.pong();
  expect((await rowsOf(gateway, 5)).map(({ path }) => path)).toContain("/api/4");
  // This one waits: it is not answered before the one after it.
  await queueUp(gateway, "/api/6");
  expect((await ask(`${gateway.url}/api/7`)).status).toBe(429);
  expect((await rowsOf(gateway, 6)).map(({ path }) => path)).not.toContain("/api/6");
});

test("a stop does not wait for those who wait for longer than its time", async () => {
  const { gateway } = await gatewayWith(SLOW, { server: { shutdown_timeout: "200ms" } });
  expect((await ask(`${gateway.url}/api/1`)).status).toBe(200);
  const waiting = await queueUp(gateway, "/api/2");

  // As whenever requests are cut off.
  expect(await gateway.stop()).toBe(1);

  const answer = await waiting.answer;
  expect(await problemOf(answer)).toMatchObject({ code: "gateway_stopping" });
  const rows = gateway.rows().filter(({ path }) => path === "/api/2");
  expect(rows).toMatchObject([{ status_code: 503, error_code: "gateway_stopping" }]);
});

test("a reload leaves those who wait where they are, and the newcomers behind them", async () => {
  const limit = { rate: 10, burst: 1, when_exceeded: "delay", max_delay: "10s" };
  const { gateway, backends, paths } = await gatewayWith(limit);
  const answers: Promise<Response>[] = [];
  for (let id = 0; id < 8; id += 1) answers.push((await queueUp(gateway, `/api/${id}`)).answer);

  await gateway.reload({
    health_check: noHealthChecks,
    cors: { enabled: true },
    routes: [{ path: "/api/*", backends, rate_limit: limit }],
  });
  answers.push((await queueUp(gateway, "/api/8")).answer);

  for (const answer of answers) expect((await answer).status).toBe(200);
  expect(paths).toEqual(answers.map((_, id) => `/api/${id}`));
});
