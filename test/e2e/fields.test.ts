import { afterAll, beforeAll, expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { type Echo, echo, valuesOf } from "../support/echo.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { answer, type RawBackend, startRawBackend } from "../support/raw-backend.ts";
import { askRaw } from "../support/raw-http.ts";
import { unusedPort } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let mock: MockProcess;
let raw: RawBackend;
let gateway: GatewayProcess;

beforeAll(async () => {
  mock = await startMockProcess(stage, "A");
  raw = await startRawBackend(stage);
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/own-host/*", backends: [`${mock.url}/echo`], preserve_host: false },
      { path: "/raw/*", backends: [raw.url] },
      { path: "/*", backends: [mock.url] },
    ],
  });
});

/** Sends a request through to the raw backend; answers both ends of it. */
async function throughRaw(lines: readonly string[], reply: string) {
  const arrived = raw.next();
  const answered = askRaw(gateway.port, lines);
  const request = await arrived;
  request.send(reply);
  request.end();
  return { request, answer: await answered };
}

test("fields that are for one connection are not passed on to the backend", async () => {
  const { request } = await throughRaw(
    [
      "GET /raw/1 HTTP/1.1",
      "Host: gateway",
      "Keep-Alive: timeout=5",
      "Proxy-Connection: keep-alive",
      "Proxy-Authorization: Basic c2VjcmV0",
      "TE: gzip",
      "Trailer: X-Sum",
      "Upgrade: h2c",
      "X-Hop: for the gateway alone",
      "X-End: for the backend",
      "Connection: X-Hop",
    ],
    answer([]),
  );

  const proxyFields = ["proxy-connection", "proxy-authorization"];
  const hopFields = ["keep-alive", "te", "trailer", "upgrade", "x-hop", "transfer-encoding"];
  for (const name of [...proxyFields, ...hopFields]) {
    expect(request.all(name)).toEqual([]);
  }
  expect(request.all("connection").join()).not.toContain("X-Hop");
  expect(request.all("x-end")).toEqual(["for the backend"]);
});

test("fields that are for one connection are not passed on to the client", async () => {
  const { answer: answered } = await throughRaw(
    ["GET /raw/1 HTTP/1.1", "Host: gateway"],
    answer(
      [
        "Connection: X-Hop",
        "X-Hop: for the gateway alone",
        "X-End: for the client",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic",
        "Upgrade: h2c",
        "Trailer: X-Sum",
      ],
      "hello",
    ),
  );

  for (const name of ["x-hop", "keep-alive", "proxy-authenticate", "upgrade", "trailer"]) {
    expect(answered.all(name)).toEqual([]);
  }
  expect(answered.all("x-end")).toEqual(["for the client"]);
  expect(answered.all("content-length")).toEqual(["5"]);
  expect(answered.content).toBe("hello");
});

test("a Connection field cannot name away what the gateway adds", async () => {
  const { request } = await throughRaw(
    [
      "GET /raw/1 HTTP/1.1",
      "Host: gateway",
      "Connection: X-Forwarded-For, X-Real-IP, X-Request-Id, Via, Host",
    ],
    answer([]),
  );

  expect(request.all("x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(request.all("x-real-ip")).toEqual(["127.0.0.1"]);
  expect(request.all("x-request-id")).toHaveLength(1);
  expect(request.all("via")).toEqual([expect.stringMatching(/^1\.1 gateway-[0-9a-f]{8}$/)]);
  expect(request.all("host")).toEqual(["gateway"]);
});

test("the backend learns who asked, for which host, and through which proxies", async () => {
  const told = await echo(gateway.port, ["GET /echo HTTP/1.1", "Host: api.example.com:8080"]);

  expect(valuesOf(told, "host")).toEqual(["api.example.com:8080"]);
  expect(valuesOf(told, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(told, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(told, "x-forwarded-host")).toEqual(["api.example.com:8080"]);
  expect(valuesOf(told, "x-real-ip")).toEqual(["127.0.0.1"]);
  expect(valuesOf(told, "via")).toEqual([expect.stringMatching(/^1\.1 gateway-[0-9a-f]{8}$/)]);
  expect(valuesOf(told, "x-request-id")[0]).toMatch(/^[0-9a-f-]{36}$/);
});

test("with `preserve_host: false` the backend sees its own host", async () => {
  const told = await echo(gateway.port, ["GET /own-host/x HTTP/1.1", "Host: api.example.com"]);

  expect(valuesOf(told, "host")).toEqual([new URL(mock.url).host]);
  expect(valuesOf(told, "x-forwarded-host")).toEqual(["api.example.com"]);
});

const claims = [
  "X-Forwarded-For: 192.0.2.1, 192.0.2.2",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: www.example.com",
  "X-Real-IP: 192.0.2.3",
  "X-Request-Id: given-by-the-client",
  "Via: 1.0 fred",
];

test("what a stranger claims of itself is not passed on", async () => {
  const told = await echo(gateway.port, ["GET /echo HTTP/1.1", "Host: gateway", ...claims]);

  expect(valuesOf(told, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(told, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(told, "x-forwarded-host")).toEqual(["gateway"]);
  expect(valuesOf(told, "x-real-ip")).toEqual(["127.0.0.1"]);
  expect(valuesOf(told, "x-request-id")[0]).not.toBe("given-by-the-client");
  expect(valuesOf(told, "via")).toEqual([
    expect.stringMatching(/^1\.0 fred, 1\.1 gateway-[0-9a-f]{8}$/),
  ]);
});

const believed = [
  "X-Forwarded-Prefix: /admin",
  "X-Forwarded-User: root",
  "X-Original-URL: /admin",
  "X-Rewrite-URL: /admin",
  "X-Host: evil.test",
  "Forwarded-For: 6.6.6.6",
  "True-Client-IP: 6.6.6.6",
  "CF-Connecting-IP: 6.6.6.6",
  "Client-Cert: :MIIB:",
  "X-SSL-Client-Verify: SUCCESS",
  "X-User: root",
];
const namesOf = (lines: readonly string[]) =>
  lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase());

test("what frameworks believe of proxies is not a stranger's to send, nor what the operator adds", async () => {
  const strict = await startGateway(stage, {
    server: { untrusted_fields: ["X-User"] },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  const request = ["GET /echo HTTP/1.1", "Host: gateway"];
  const told = await echo(strict.port, [...request, ...believed, "Proxy: http://evil.test"]);
  for (const name of [...namesOf(believed), "proxy"]) expect(valuesOf(told, name)).toEqual([]);

  const trusting = await startGateway(stage, {
    server: { trusted_proxies: ["127.0.0.1"], untrusted_fields: ["X-User"] },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  const kept = await echo(trusting.port, [...request, ...believed, "Proxy: http://evil.test"]);
  for (const name of namesOf(believed)) expect(valuesOf(kept, name)).toHaveLength(1);
  expect(valuesOf(kept, "proxy")).toEqual([]);
});

test.each([
  "X.Real.IP",
  "X_Real_IP",
  "X!Real~IP",
  "X.Request.Id",
  "x-forwarded.for",
  "X_Forwarded_Prefix",
  "True.Client.IP",
  "Content.Length",
  "Transfer~Encoding",
])("a field %s, which some backends read as another, is refused", async (name) => {
  const lines = ["GET /echo HTTP/1.1", "Host: gateway", `${name}: 7`];
  const { status, content } = await askRaw(gateway.port, lines);
  expect(status).toBe(400);
  expect(content).toContain(`"code":"bad_request"`);
});

test("what the gateway says of a request arrives once, whatever the client sends", async () => {
  const { request } = await throughRaw(
    [
      "GET /raw/1 HTTP/1.1",
      "Host: gateway",
      "Connection: x-real-ip, X-REQUEST-ID",
      "X-Real-IP: 6.6.6.6",
      "x-real-ip: 7.7.7.7",
      "X-REAL-IP:",
      "X-Request-Id: mine",
      "x-request-id: mine, too",
      "Connection: X-Real-Ip",
    ],
    answer([]),
  );
  expect(request.all("x-real-ip")).toEqual(["127.0.0.1"]);
  expect(request.all("x-request-id")).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
});

test("a gateway that is its own backend answers 508 at once", async () => {
  const port = await unusedPort();
  const looping = await startGateway(stage, {
    server: { port },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [`http://127.0.0.1:${port}`] }],
  });
  const response = await ask(`${looping.url}/things`);
  expect(response.status).toBe(508);
  expect(await response.json()).toMatchObject({ code: "loop_detected" });
  expect(await looping.waitForRows(2)).toMatchObject([
    { status_code: 508, error_code: "loop_detected" },
    { status_code: 508, error_code: null },
  ]);
});

test("gateways may be chained, but not in a circle", async () => {
  const port = await unusedPort();
  const inner = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/back/*", backends: [`http://127.0.0.1:${port}`] },
      { path: "/*", backends: [mock.url] },
    ],
  });
  const outer = await startGateway(stage, {
    server: { port },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [inner.url] }],
  });
  const told = await echo(outer.port, ["GET /echo HTTP/1.1", "Host: gateway"]);
  expect(valuesOf(told, "via")).toEqual([
    expect.stringMatching(/^1\.1 gateway-[0-9a-f]{8}, 1\.1 gateway-[0-9a-f]{8}$/),
  ]);
  expect((await ask(`${outer.url}/back/things`)).status).toBe(508);
});

test("what a trusted proxy says is kept and added to", async () => {
  const trusting = await startGateway(stage, {
    server: { trusted_proxies: ["127.0.0.0/8", "192.0.2.2"] },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  const answered = await askRaw(trusting.port, ["GET /echo HTTP/1.1", "Host: gateway", ...claims]);
  const told = JSON.parse(answered.content) as Echo;

  expect(valuesOf(told, "x-forwarded-for")).toEqual(["192.0.2.1, 192.0.2.2, 127.0.0.1"]);
  expect(valuesOf(told, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(told, "x-forwarded-host")).toEqual(["www.example.com"]);
  expect(valuesOf(told, "x-real-ip")).toEqual(["192.0.2.1"]);
  expect(valuesOf(told, "x-request-id")).toEqual(["given-by-the-client"]);
  expect(answered.all("x-request-id")).toEqual(["given-by-the-client"]);
  expect(await trusting.waitForRows(1)).toMatchObject([
    { client_ip: "192.0.2.1", request_id: "given-by-the-client" },
  ]);
});

test("the client gets the request id and the answer's Via", async () => {
  const { headers } = await ask(`${gateway.url}/api/users/1`);
  expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get("via")).toBe("1.1 gateway");
});

test("an answer without a Content-Type is given none", async () => {
  const { answer: answered } = await throughRaw(
    ["GET /raw/1 HTTP/1.1", "Host: gateway"],
    answer([], "who knows"),
  );
  expect(answered.all("content-type")).toEqual([]);
  expect(answered.all("content-length")).toEqual(["9"]);
});

test("two Set-Cookie fields stay two", async () => {
  const { all } = await askRaw(gateway.port, ["GET /cookies HTTP/1.1", "Host: gateway"]);
  expect(all("set-cookie")).toEqual(["session=mock; Path=/; HttpOnly", "theme=dark; Path=/"]);
});

test("bytes that terminals obey reach neither the log's lines nor its rows, with whatever Host", async () => {
  const logging = await startGateway(stage, {
    logging: { format: "json" },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  // In UTF-8: CSI, NEL, LINE SEPARATOR and RIGHT-TO-LEFT OVERRIDE; sent byte by byte.
  const evil = Buffer.from("\u009B31m\u0085\u2028\u202E").toString("latin1");
  const hosts = ["gateway", "a b", "1.2.3.4.5", `a${evil}`];
  for (const host of hosts) {
    await askRaw(logging.port, [`GET /${evil}?${evil} HTTP/1.1`, `Host: ${host}`]);
  }
  await askRaw(logging.port, [`GET /${evil} HTTP/1.0`]);

  const rows = await logging.waitForRows(hosts.length + 1);
  const path = "/%C2%9B31m%C2%85%E2%80%A8%E2%80%AE";
  expect(rows.map((row) => row.path)).toEqual(rows.map(() => path));
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  const obeyed = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E]/;
  expect(rows.filter((row) => obeyed.test(JSON.stringify(row).replaceAll("\\u", "")))).toEqual([]);
  await logging.stop();
  expect(logging.lines.text).toContain(path);
  expect(logging.lines.text).not.toMatch(obeyed);
});
