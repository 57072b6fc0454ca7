import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { ask, problemOf } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { answer, type RawBackend, startRawBackend } from "../support/raw-backend.ts";
import { askRaw, converse, message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
/** A label may have 63 characters, so no name server is asked. */
const IMPOSSIBLE = `${"x".repeat(64)}.test`;

let mock: MockProcess;
let raw: RawBackend;
let gateway: GatewayProcess;
let impatient: GatewayProcess;

beforeAll(async () => {
  mock = await startMockProcess(stage, "A");
  const gone = await startMockProcess(stage, "B");
  gone.kill("SIGKILL");
  raw = await startRawBackend(stage);
  gateway = await startGateway(stage, {
    server: { max_body_size: "1KB" },
    health_check: noHealthChecks,
    routes: [
      { path: "/gone/*", backends: [gone.url] },
      { path: "/nameless/*", backends: [`http://${IMPOSSIBLE}`] },
      { path: "/raw/*", backends: [raw.url] },
      { path: "/tls/*", backends: [mock.url.replace("http:", "https:")] },
      { path: "/api/users/*", methods: ["GET", "POST"], backends: [mock.url] },
      { path: "/echo/*", backends: [mock.url] },
      { path: "/drop", backends: [mock.url] },
      { path: "/drop/:bytes", backends: [mock.url] },
    ],
  });
  impatient = await startGateway(stage, {
    server: { write_timeout: "300ms" },
    health_check: noHealthChecks,
    routes: [{ path: "/raw/*", backends: [raw.url] }],
  });
});

/** Asks for a path of the raw backend, which says just this. */
async function askAnswering(reply: string): Promise<Response> {
  const arrived = raw.next();
  const response = ask(`${gateway.url}/raw/1`);
  const request = await arrived;
  request.send(reply);
  request.end();
  return response;
}

test.each([
  ["refuses connections", "/gone/1", "backend_unreachable", "connection_refused"],
  ["has a name that does not resolve", "/nameless/1", "backend_name_not_resolved", "dns_error"],
  ["speaks no TLS", "/tls/1", "backend_tls_failed", "tls_protocol_error"],
  ["closes without an answer", "/drop", "backend_connection_closed", "connection_terminated"],
])("a backend that %s is a 502 that says so", async (_, path, code, proxyStatus) => {
  const response = await ask(`${gateway.url}${path}`, { method: "POST" });

  expect(response.status).toBe(502);
  expect(response.headers.get("proxy-status")).toStartWith(`gateway; error=${proxyStatus}`);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(await problemOf(response)).toMatchObject({ title: "Bad gateway", code });
});

test.each([
  ["text that is no HTTP", "hello, gateway\r\n\r\n"],
  ["a status that does not exist", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"],
  ["a field without a colon", "HTTP/1.1 200 OK\r\nContent-Length 5\r\n\r\nhello"],
  [
    "two lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\nConnection: close\r\n\r\nhello",
  ],
])("%s from a backend is a 502", async (_, reply) => {
  const response = await askAnswering(reply);

  expect(response.status).toBe(502);
  expect(response.headers.has("proxy-status")).toBe(true);
  expect(await problemOf(response)).toMatchObject({ code: "backend_protocol_error" });
});

test.each(["", "half"])(
  "an answer with only %j of its content is a 502, or breaks off if it has begun",
  async (content) => {
    const own = await startGateway(stage, {
      health_check: noHealthChecks,
      routes: [{ path: "/raw/*", backends: [raw.url] }],
    });
    const arrived = raw.next();
    const asked = ask(`${own.url}/raw/1`);
    const request = await arrived;
    request.send(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n${content}`);
    request.end();

    // Whether it has begun depends on when the backend's connection is seen to end.
    const outcome = await asked.then(async (response) => response.text()).catch(() => "broken");
    if (outcome !== "broken") {
      expect(JSON.parse(outcome)).toMatchObject({ status: 502, code: "backend_answer_incomplete" });
    }
    expect(await own.waitForRows(1)).toMatchObject([
      { error_code: "backend_answer_incomplete", ended_by: "backend" },
    ]);
  },
);

test("a large answer that breaks off ends the client's connection without a proper end", async () => {
  const text = await converse(
    gateway.port,
    message(["GET /drop/2MiB HTTP/1.1", "Host: gateway", "Connection: close"]),
  );

  expect(text).toStartWith("HTTP/1.1 200");
  expect(text).not.toEndWith("\r\n0\r\n\r\n");
});

test("a backend that does not answer within write_timeout is a 504", async () => {
  const arrived = raw.next();
  const response = await ask(`${impatient.url}/raw/1`);

  expect(response.status).toBe(504);
  expect(response.headers.get("proxy-status")).toStartWith("gateway; error=http_response_timeout");
  expect(await problemOf(response)).toMatchObject({
    code: "backend_timeout",
    detail: "the backend sent no answer within 300 ms",
  });
  await (
    await arrived
  ).closed;
});

test("content may take longer than write_timeout, once it has begun", async () => {
  const arrived = raw.next();
  const pending = ask(`${impatient.url}/raw/1`);
  const request = await arrived;
  request.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n1");
  const timer = Promise.withResolvers<void>();
  // Time itself is what is tested here; nothing happens meanwhile that could be awaited.
  setTimeout(timer.resolve, 600);
  await timer.promise;
  request.send("23");
  request.end();

  expect(await (await pending).text()).toBe("123");
});

test("a path without a route is a 404", async () => {
  const response = await ask(`${gateway.url}/nowhere`);

  expect(response.status).toBe(404);
  expect(await problemOf(response)).toMatchObject({
    type: "about:blank",
    title: "Not found",
    code: "route_not_found",
  });
});

test("a method that the route does not take is a 405 that names those it takes", async () => {
  const response = await ask(`${gateway.url}/api/users/1`, { method: "DELETE" });

  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toContain("GET");
  expect(response.headers.get("allow")).toContain("POST");
  expect(response.headers.get("allow")).not.toContain("DELETE");
  expect(await problemOf(response)).toMatchObject({ code: "method_not_allowed" });
});

test("/health takes GET and HEAD only", async () => {
  const { port, url } = gateway;
  const head = await askRaw(port, ["HEAD /health HTTP/1.1", "Host: gateway"]);
  expect(head.status).toBe(200);
  expect(head.content).toBe("");

  const posted = await ask(`${url}/health`, { method: "POST" });
  expect(posted.status).toBe(405);
  expect(posted.headers.get("allow")).toBe("GET, HEAD");
});

test.each([
  ["two hosts in one", ["Host: a.example, b.example"]],
  ["two fields", ["Host: a.example", "Host: b.example"]],
  ["nothing in it", ["Host:"]],
  ["a path in it", ["Host: a.example/admin"]],
  ["a user in it", ["Host: user@a.example"]],
  ["a port that is none", ["Host: a.example:http"]],
])("a Host with %s is a 400, and nothing is matched", async (_, hosts) => {
  const answered = await askRaw(gateway.port, ["GET /echo/x HTTP/1.1", ...hosts]);

  expect(answered.status).toBe(400);
  expect(answered.content).not.toContain('"server"');
});

test.each(["/echo/..%2fb", "/echo/a%5C..", "/echo/..;/b", "/echo/a%00b", "/echo/a%zz"])(
  "the path %s is a 400, because backends disagree on it",
  async (path) => {
    const answered = await askRaw(gateway.port, [`GET ${path} HTTP/1.1`, "Host: gateway"]);

    expect(answered.status).toBe(400);
    expect(JSON.parse(answered.content)).toMatchObject({ code: "invalid_path" });
  },
);

test("TRACE is refused", async () => {
  const answered = await askRaw(gateway.port, ["TRACE /echo/x HTTP/1.1", "Host: gateway"]);
  expect(answered.status).toBe(501);
  expect(JSON.parse(answered.content)).toMatchObject({ code: "method_not_proxied" });
});

test("CONNECT opens no tunnel", async () => {
  const before = raw.requests.length;
  const { host } = new URL(raw.url);
  const text = await converse(
    gateway.port,
    message([`CONNECT ${host} HTTP/1.1`, `Host: ${host}`, "Connection: close"]),
  );
  expect(text).toMatch(/^(HTTP\/1\.1 [45]|$)/);
  expect(raw.requests).toHaveLength(before);
});

test("a method that nobody knows is not forwarded as another", async () => {
  const text = await converse(
    gateway.port,
    message(["BREW /echo/x HTTP/1.1", "Host: gateway", "Connection: close"]),
  );
  expect(text).not.toContain('"server"');
  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
});

test("content over max_body_size is a 413, whether its length is known or not", async () => {
  const lines = ["POST /echo/x HTTP/1.1", "Host: gateway"];
  const content = "x".repeat(2000);
  const known = await askRaw(gateway.port, [...lines, "Content-Length: 2000"], content);
  const chunks = `7d0\r\n${content}\r\n0\r\n\r\n`;
  const chunked = await askRaw(gateway.port, [...lines, "Transfer-Encoding: chunked"], chunks);

  expect(known.status).toBe(413);
  expect(chunked.status).toBe(413);
  expect(JSON.parse(known.content)).toMatchObject({ code: "body_too_large" });
  expect(JSON.parse(chunked.content)).toMatchObject({ code: "body_too_large" });
});

test("a client that leaves takes its request to the backend with it", async () => {
  const arrived = raw.next();
  const client = connect(gateway.port, "127.0.0.1");
  client.write(message(["POST /raw/1 HTTP/1.1", "Host: gateway", "Content-Length: 0"]));
  const request = await arrived;

  client.destroy();

  await request.closed;
  expect((await askAnswering(answer([], "fine"))).status).toBe(200);
});
