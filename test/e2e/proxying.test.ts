import { afterAll, beforeAll, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { connect } from "node:net";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { answer, type RawBackend, startRawBackend } from "../support/raw-backend.ts";
import { askRaw, converse, message, parseAnswer } from "../support/raw-http.ts";
import { type Echo, echo, valuesOf } from "../support/echo.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const MEGABYTE = 2 ** 20;
let mock: MockProcess;
let raw: RawBackend;
let gateway: GatewayProcess;

beforeAll(async () => {
  mock = await startMockProcess(stage, "A");
  raw = await startRawBackend(stage);
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/based/*", backends: [`${mock.url}/echo/base`] },
      { path: "/raw/*", backends: [raw.url] },
      { path: "/*", backends: [mock.url] },
    ],
  });
});

test("path and query reach the backend as they came", async () => {
  const target = "/echo/caf%C3%A9/a%20b;v=1?x=%2F&y=a+b&empty=&flag&&z=%zz";
  const { path, query } = await echo(gateway.port, [`GET ${target} HTTP/1.1`, "Host: gateway"]);
  expect(`${path}?${query}`).toBe(target);
});

test("one path is not sent under several spellings", async () => {
  const { path } = await echo(gateway.port, [
    "GET //echo///x/./y/../%7Euser HTTP/1.1",
    "Host: gateway",
  ]);
  expect(path).toBe("/echo/x/~user");
});

test("the base path of a backend's URL is kept in front", async () => {
  const { path, query } = await echo(gateway.port, [
    "GET /based/users/1?x=1 HTTP/1.1",
    "Host: gateway",
  ]);
  expect(path).toBe("/echo/base/based/users/1");
  expect(query).toBe("x=1");
});

test("5 MB go up whole", async () => {
  const content = Buffer.alloc(5 * MEGABYTE, "0123456789abcdef\n");
  const response = await ask(`${gateway.url}/echo`, { method: "POST", body: content });
  const told = (await response.json()) as Echo;

  expect(told.body_bytes).toBe(5 * MEGABYTE);
  expect(told.body).toBe(content.subarray(0, MEGABYTE).toString());
});

test("5 MB come down whole", async () => {
  const direct = await (await ask(`${mock.url}/bytes/5MiB`)).bytes();
  const through = await (await ask(`${gateway.url}/bytes/5MiB`)).bytes();

  expect(through).toHaveLength(5 * MEGABYTE);
  expect(Bun.hash(through)).toBe(Bun.hash(direct));
});

test("chunked content goes up and comes down whole", async () => {
  const chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  const told = await echo(
    gateway.port,
    ["POST /echo HTTP/1.1", "Host: gateway", "Transfer-Encoding: chunked"],
    chunks,
  );
  expect(told.body).toBe("hello world");

  const response = await ask(`${gateway.url}/stream/50?size=10KiB`);
  expect(await response.bytes()).toHaveLength(50 * 10 * 1024);
});

test("content goes up while it is being sent", async () => {
  const arrived = raw.next();
  const client = connect(gateway.port, "127.0.0.1");
  stage.defer(() => client.destroy());
  const lines = ["POST /raw/1 HTTP/1.1", "Host: gateway", "Transfer-Encoding: chunked"];
  client.write(message([...lines, "Connection: close"], "5\r\nfirst\r\n"));
  const request = await arrived;
  await request.received("first");

  const answered = new Promise<Buffer>((resolve) => {
    client.once("data", resolve);
  });
  client.write("6\r\nsecond\r\n0\r\n\r\n");
  await request.received("second");
  request.send(answer([], "thanks"));
  request.end();

  expect(parseAnswer((await answered).toString()).content).toBe("thanks");
});

test("server-sent events arrive one by one, as they are sent", async () => {
  const arrived = raw.next();
  const pending = ask(`${gateway.url}/raw/events`);
  const request = await arrived;
  const lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Connection: close"];
  request.send(message(lines, "data: 1\n\n"));
  const response = await pending;
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();

  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect((await reader.read()).value).toBe("data: 1\n\n");
  request.send("data: 2\n\n");
  expect((await reader.read()).value).toBe("data: 2\n\n");
  request.end();
  expect((await reader.read()).done).toBe(true);
});

test("HEAD has the fields of GET and no content", async () => {
  const answered = await askRaw(gateway.port, ["HEAD /bytes/1234 HTTP/1.1", "Host: gateway"]);

  expect(answered.status).toBe(200);
  expect(answered.all("content-length")).toEqual(["1234"]);
  expect(answered.content).toBe("");
});

test.each([204, 304])("a %i has no content", async (status) => {
  const answered = await askRaw(gateway.port, [`GET /status/${status} HTTP/1.1`, "Host: gateway"]);

  expect(answered.status).toBe(status);
  expect(answered.all("transfer-encoding")).toEqual([]);
  expect(answered.content).toBe("");
});

test.each([400, 401, 404, 429, 500, 503])("a backend's own %i passes as it is", async (status) => {
  const response = await ask(`${gateway.url}/status/${status}`);

  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toMatchObject({ server: "A", status });
});

test.each([301, 302, 303, 307, 308])("a %i redirect is the client's to follow", async (status) => {
  const response = await ask(`${gateway.url}/redirect/${status}?to=/elsewhere?a=1`);

  expect(response.status).toBe(status);
  expect(response.headers.get("location")).toBe("/elsewhere?a=1");
});

test("compressed content passes untouched", async () => {
  const response = await ask(`${gateway.url}/gzip`);
  const content = await response.bytes();

  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(response.headers.get("content-length")).toBe(`${content.length}`);
  expect(JSON.parse(gunzipSync(content).toString())).toMatchObject({ server: "A" });
});

test.each(["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE", "QUERY"])(
  "%s reaches the backend as %s",
  async (method) => {
    const { method: told } = await echo(gateway.port, [
      `${method} /echo HTTP/1.1`,
      "Host: gateway",
      "Content-Length: 0",
    ]);
    expect(told).toBe(method);
  },
);

test("Expect: 100-continue is answered here and goes no further", async () => {
  const text = await converse(
    gateway.port,
    message(
      [
        "POST /echo HTTP/1.1",
        "Host: gateway",
        "Expect: 100-continue",
        "Content-Length: 5",
        "Connection: close",
      ],
      "hello",
    ),
  );
  const final = text.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, "");
  const told = JSON.parse(parseAnswer(final).content) as Echo;

  expect(told.body).toBe("hello");
  expect(valuesOf(told, "expect")).toEqual([]);
});

test("a connection serves one request after the other", async () => {
  const one = "GET /api/users/1 HTTP/1.1\r\nHost: gateway\r\n";
  const socket = connect(gateway.port, "127.0.0.1");
  stage.defer(() => socket.destroy());
  for (let sent = 0; sent < 3; sent += 1) {
    const answered = new Promise<Buffer>((resolve) => {
      socket.once("data", resolve);
    });
    socket.write(`${one}\r\n`);
    expect(parseAnswer((await answered).toString()).status).toBe(200);
  }
});
