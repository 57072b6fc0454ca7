import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { Client } from "../wire/client.ts";

const stage = createStage();
const PATIENCE_MS = 10_000;

/** What is timed, by its key under `server` and under a route's `timeouts`. */
const KEYS = {
  request: "read_timeout",
  response: "write_timeout",
  idle: "idle_timeout",
  exchange: "exchange_timeout",
} as const;

type Timeouts = Partial<Record<keyof typeof KEYS, string>>;
type Level = "server" | "route";
const LEVELS: readonly Level[] = ["server", "route"];

function startTimed(level: Level, timeouts: Timeouts, backend: string): Promise<GatewayProcess> {
  const own = Object.entries(timeouts).map(([key, time]) => [
    KEYS[key as keyof typeof KEYS],
    level === "server" ? time : "1m",
  ]);
  return startGateway(stage, {
    server: Object.fromEntries(own),
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend], ...(level === "route" && { timeouts }) }],
  });
}

async function connect(gateway: GatewayProcess): Promise<Client> {
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  stage.defer(() => client.close());
  return client;
}

test.each(LEVELS)(
  "a backend that does not begin its answer in the time of the %s costs a 504",
  async (level) => {
    const backend = await startRawBackend(stage);
    const gateway = await startTimed(level, { response: "200ms" }, backend.url);
    const arrived = backend.next();

    const problem = await problemOf(await ask(`${gateway.url}/late`));

    expect(problem).toMatchObject({ status: 504, code: "backend_timeout" });
    await (
      await arrived
    ).closed;
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 504, error_code: "backend_timeout", backend: backend.url },
    ]);
  },
);

test.each(LEVELS)(
  "a backend that falls silent in its answer is left after the time of the %s, and the answer looks broken",
  async (level) => {
    const backend = await startRawBackend(stage, (request) =>
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n"),
    );
    const gateway = await startTimed(level, { idle: "300ms" }, backend.url);
    const arrived = backend.next();
    const client = await connect(gateway);
    await client.send(message(["GET /stalls HTTP/1.1", "Host: gateway"]));

    const answer = await client.answer();

    expect(answer).toMatchObject({ status: 200, complete: false });
    expect(answer.bytes.toString()).toBe("begin");
    await (
      await arrived
    ).closed;
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 200, error_code: "backend_stalled", bytes_out: 5 },
    ]);
  },
);

test("what has come of a small answer is passed on before its backend falls silent", async () => {
  const backend = await startRawBackend(stage, (request) =>
    request.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegin"),
  );
  const gateway = await startTimed("server", { idle: "300ms" }, backend.url);

  const client = await connect(gateway);
  await client.send(message(["GET /stalls HTTP/1.1", "Host: gateway"]));
  expect((await client.head()).status).toBe(200);
  expect(await gateway.waitForRows(1)).toMatchObject([
    { status_code: 200, error_code: "backend_stalled", bytes_out: 5 },
  ]);
});

test.each(LEVELS)("a client that stops reading is left after the time of the %s", async (level) => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startTimed(level, { idle: "500ms" }, mock.url);
  const client = await connect(gateway);
  await client.send(message(["GET /bytes/100MB HTTP/1.1", "Host: gateway"]));
  await client.head();

  client.pause();

  const [row] = await gateway.waitForRows(1);
  expect(row).toMatchObject({ status_code: 499, error_code: "client_stalled" });
  expect(row?.bytes_out).toBeGreaterThan(0);
  expect(row?.bytes_out).toBeLessThan(100e6);
  client.resume();
  // The rest of the content never comes.
  await client.ended;
});

test.each(LEVELS)(
  "a stream that outlasts the exchange_timeout of the %s is broken off",
  async (level) => {
    const mock = await startMockProcess(stage, "A");
    const gateway = await startTimed(level, { exchange: "500ms" }, mock.url);
    const client = await connect(gateway);
    await client.send(message(["GET /sse?interval=50ms HTTP/1.1", "Host: gateway"]));

    const answer = await client.answer();

    expect(answer).toMatchObject({ status: 200, complete: false });
    expect(answer.bytes.length).toBeGreaterThan(0);
    expect(await gateway.waitForRows(1)).toMatchObject([{ error_code: "exchange_timeout" }]);
  },
);

test("an exchange that is over its time before there is an answer is answered 504", async () => {
  const backend = await startRawBackend(stage);
  const gateway = await startTimed("server", { exchange: "200ms" }, backend.url);

  const problem = await problemOf(await ask(`${gateway.url}/late`));

  expect(problem).toMatchObject({ status: 504, code: "exchange_timeout" });
});

test.each([
  ["short", "Content-Length: 100", "a part"],
  ["long", "Content-Length: 1000000", "x".repeat(100_000)],
  ["chunked", "Transfer-Encoding: chunked", "6\r\na part\r\n"],
])(
  "a client that falls silent in %s content is answered 408, and its connection ends",
  async (_, framing, part) => {
    const backend = await startRawBackend(stage);
    const gateway = await startTimed("route", { request: "300ms" }, backend.url);
    const client = await connect(gateway);

    await client.send(message(["POST /upload HTTP/1.1", "Host: gateway", framing], part));

    const { status, bytes } = await client.answer();
    expect(status).toBe(408);
    expect(JSON.parse(bytes.toString())).toMatchObject({ code: "request_timeout" });
    expect((await client.incoming.all()).how).not.toBe("silent");
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 408, error_code: "request_timeout" },
    ]);
  },
);

test("an upload that takes longer than any timeout gets through as long as it moves", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startTimed("server", { request: "1s", response: "1s" }, mock.url);
  const client = await connect(gateway);
  await client.send(
    message(["POST /echo HTTP/1.1", "Host: gateway", "Transfer-Encoding: chunked"]),
  );

  // Time itself is what is tested here; each pause leaves a busy machine most of the timeout.
  for (let sent = 0; sent < 6; sent += 1) {
    await client.send("4\r\nmore\r\n");
    await Bun.sleep(250);
  }
  await client.send("0\r\n\r\n");

  const { status, bytes } = await client.answer();
  expect(status).toBe(200);
  expect(JSON.parse(bytes.toString())).toMatchObject({ body: "more".repeat(6) });
  expect(await gateway.waitForRows(1)).toMatchObject([{ status_code: 200, bytes_in: 24 }]);
});
