import { afterAll, beforeAll, expect, test } from "bun:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ask, problemOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type Echo, echo, valuesOf } from "../support/echo.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { contentOf, startOrigin } from "../support/http-origin.ts";
import { answerOf, http2Session, request } from "../support/http2-ask.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { connectRaw } from "../support/raw-client.ts";
import { askRaw } from "../support/raw-http.ts";
import { unusedPort } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";
import { startHttp2Backend } from "../unit/transport/http2/support.ts";

const stage = createStage(afterAll);
let mock: MockProcess;
let gateway: GatewayProcess;
/** Lets the origin's events go on. */
let goOn: () => void;
/** What an origin got that is there only at the second attempt. */
const flaky: string[] = [];
/** An answer that never ends has begun, and its client has left. */
const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
const { promise: left, resolve: leave } = Promise.withResolvers<void>();

const USER = '{ "id": 12345678901234567890, "price": 1.0, "password": "p", "mail": "a@b" }';
const CHANGED = '{ "id": 12345678901234567890, "price": 1.0, "email": "a@b","by":"gateway" }';
const CHANGES = {
  headers: { set: { "x-by": "gateway" }, remove: ["server"] },
  json: { set: { by: "gateway" }, remove: ["password"], rename: { mail: "email" } },
};

beforeAll(async () => {
  mock = await startMockProcess(stage, "A");
  const json = { "content-type": "application/json", etag: '"v1"', server: "origin" };
  const origin = await startOrigin(stage, {
    async "/user"(request, response) {
      if (request.headers["if-none-match"] !== undefined) {
        response.writeHead(304, { etag: '"v1"' }).end();
        return;
      }
      response.writeHead(200, { ...json, "content-length": USER.length });
      response.end(request.method === "HEAD" ? undefined : USER);
    },
    async "/chunked"(_request, response) {
      response.writeHead(200, json);
      for (const piece of USER.split(" ")) {
        response.write(`${piece} `);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    },
    "/large"(_request, response) {
      response.writeHead(200, json);
      response.write(`["${"x".repeat(700_000)}`);
      response.end(`${"x".repeat(700_000)}"]`);
    },
    "/gzip"(request, response) {
      const coding = request.headers["accept-encoding"];
      response.writeHead(200, { ...json, "x-asked": coding, "content-encoding": "gzip" });
      response.end(gzipSync(USER));
    },
    async "/events"(_request, response) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      response.end("data: 2\n\n");
    },
    async "/flaky"(request, response) {
      const content = await contentOf(request);
      flaky.push(content.toString());
      response.writeHead(flaky.length === 1 ? 503 : 200).end();
    },
    "/begun"(_request, response) {
      response.writeHead(200, json);
      response.write('{"a":');
      response.on("close", leave);
      begin();
    },
    "/cut"(_request, response) {
      response.writeHead(200, json);
      response.write('{"a":');
      setImmediate(() => response.destroy());
    },
  });
  const http2 = await startHttp2Backend(stage, (stream, fields) => {
    const pieces: Buffer[] = [];
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/json", etag: '"v1"' });
      const got = { body: Buffer.concat(pieces).toString(), length: fields["content-length"] };
      stream.end(JSON.stringify({ password: "p", ...got }));
    });
  });
  const dead = `http://127.0.0.1:${await unusedPort()}`;
  const request = {
    headers: {
      set: { "x-tenant": "{query.tenant}", "x-user": "{header.x-name}" },
      add: { "x-list": ["a", "b"] },
      remove: ["cookie"],
    },
    query: { set: { v: "2" }, remove: ["tenant"] },
    json: { set: { "meta.ip": "{client.ip}" }, remove: ["users.*.admin"] },
  };
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/echo", backends: [mock.url], request },
      {
        path: "/found/:what",
        rewrite: "/echo?q={path.what}&{request.query}",
        backends: [mock.url],
        request: { query: { set: { key: "k" }, remove: ["token"] } },
      },
      {
        path: "/cached",
        cache: { ttl: "1h" },
        rewrite: "/user",
        backends: [origin],
        response: CHANGES,
      },
      { path: "/ws", backends: [mock.url], request, response: CHANGES },
      { path: "/http2", backends: [http2.origin], protocol: "http2", request, response: CHANGES },
      { path: "/flaky", backends: [origin], request, retry: { on: [503], methods: ["POST"] } },
      { path: "/two/*", backends: [dead, `${mock.url}/echo`], request },
      { path: "/*", backends: [origin], response: CHANGES },
    ],
  });
});

const POST = [
  "POST /echo?a=%7e&tenant=acme%0d%0aX-Evil:%201&v=1&v=3&b HTTP/1.1",
  "Host: gateway",
  "Cookie: a=b",
  "X-Tenant: evil",
  "Content-Type: application/json",
];
const CONTENT = '{"users":[{"n":1.50,"admin":true}],"10":1e400,"2":2}';
const SENT = '{"users":[{"n":1.50}],"10":1e400,"2":2,"meta":{"ip":"127.0.0.1"}}';

test("a request's fields, query and content are changed on the way", async () => {
  const seen = await echo(gateway.port, [...POST, `Content-Length: ${CONTENT.length}`], CONTENT);
  expect(seen.query).toBe("a=%7e&v=2&b");
  expect(valuesOf(seen, "x-tenant")).toEqual(["acme%0D%0AX-Evil: 1"]);
  expect(valuesOf(seen, "x-evil")).toEqual([]);
  expect(valuesOf(seen, "x-user")).toEqual([]);
  expect(valuesOf(seen, "x-list").join()).toBe("a,b");
  expect(valuesOf(seen, "cookie")).toEqual([]);
  expect(seen.body).toBe(SENT);
  expect(valuesOf(seen, "content-length")).toEqual([`${SENT.length}`]);
});

test("chunked content is changed, and has a length then", async () => {
  const chunks = CONTENT.split("")
    .map((character) => `1\r\n${character}\r\n`)
    .join("");
  const lines = [...POST, "Transfer-Encoding: chunked", "Trailer: X-Sum"];
  const seen = await echo(gateway.port, lines, `${chunks}0\r\nX-Sum: 1\r\n\r\n`);
  expect(seen.body).toBe(SENT);
  expect(valuesOf(seen, "content-length")).toEqual([`${SENT.length}`]);
  expect(valuesOf(seen, "transfer-encoding")).toEqual([]);
});

test("content that the client keeps back until it is wanted is changed", async () => {
  const client = await connectRaw(stage, gateway.port);
  const fields = [`Content-Length: ${CONTENT.length}`, "Expect: 100-continue"];
  client.send(`${[...POST, ...fields].join("\r\n")}\r\n\r\n`);
  await client.until("100 Continue");
  client.send(CONTENT);
  await client.until("127.0.0.1");
  expect(client.received()).toContain(JSON.stringify(SENT).slice(1, -1));
});

test("content that came by HTTP/2, without a length, is changed", async () => {
  const session = http2Session(stage, gateway.url);
  const fields = { ":method": "POST", "content-type": "application/json" };
  const { content } = await answerOf(request(session, "/echo", fields, CONTENT));
  expect((JSON.parse(content) as Echo).body).toBe(SENT);
});

test("changed content goes to the next backend if the first is not there", async () => {
  const lines = [...POST, `Content-Length: ${CONTENT.length}`];
  lines[0] = "POST /two/1 HTTP/1.1";
  for (let sent = 0; sent < 2; sent += 1) {
    expect((await echo(gateway.port, lines, CONTENT)).body).toBe(SENT);
  }
});

test("changed content is sent again by a retry", async () => {
  const lines = [...POST, `Content-Length: ${CONTENT.length}`];
  lines[0] = "POST /flaky HTTP/1.1";
  expect((await askRaw(gateway.port, lines, CONTENT)).status).toBe(200);
  expect(flaky).toEqual([SENT, SENT]);
});

test("content that is not JSON passes as it came, with one line in the log", async () => {
  const lines = [...POST, "Content-Length: 2"];
  for (let sent = 0; sent < 3; sent += 1) {
    expect((await echo(gateway.port, lines, "{,")).body).toBe("{,");
  }
  const line = /content passed unchanged, because it is not valid JSON/;
  await gateway.lines.waitFor(line);
  expect(gateway.lines.matching(line)).toHaveLength(1);
});

test("a request without content stays one", async () => {
  const seen = await echo(gateway.port, ["GET /echo HTTP/1.1", "Host: gateway"]);
  expect(seen.body_bytes).toBe(0);
  expect(valuesOf(seen, "content-length")).toEqual([]);
});

test("a client that leaves in the middle of its content leaves nothing behind", async () => {
  const client = await connectRaw(stage, gateway.port);
  const head = [...POST, "Transfer-Encoding: chunked", "Expect: 100-continue"];
  client.send(`${head.join("\r\n")}\r\n\r\n`);
  await client.until("100 Continue");
  client.send("1\r\n{\r\n");
  client.reset();
  await client.closed;
  const row = await eventually(() =>
    gateway.rows().find(({ error_code: code }) => code === "client_closed"),
  );
  expect(row).toMatchObject({ status_code: 499, path: "/echo", attempts: 0 });
});

test.each(["/user", "/chunked"])("an answer's content is changed: %s", async (path) => {
  const answer = await askRaw(gateway.port, [`GET ${path} HTTP/1.1`, "Host: gateway"]);
  expect(answer.content.trim()).toBe(CHANGED);
  expect(answer.all("content-length")).toEqual([`${answer.content.length}`]);
  expect(answer.all("transfer-encoding")).toEqual([]);
  expect(answer.all("etag")).toEqual(['W/"v1"']);
  expect(answer.all("x-by")).toEqual(["gateway"]);
  expect(answer.all("server")).toEqual([]);
});

test("an answer by HTTP/2 has the length of what is sent", async () => {
  const session = http2Session(stage, gateway.url);
  const { fields, content } = await answerOf(request(session, "/user"));
  expect(content).toBe(CHANGED);
  expect(fields["content-length"]).toBe(`${CHANGED.length}`);
});

test("HEAD and a confirmed GET are described like the changed content", async () => {
  const head = await ask(`${gateway.url}/user`, { method: "HEAD" });
  expect(head.headers.get("etag")).toBe('W/"v1"');
  expect(head.headers.get("content-length")).toBeNull();
  const fields = { "if-none-match": 'W/"v1"' };
  const confirmed = await ask(`${gateway.url}/user`, { headers: fields });
  expect(confirmed.status).toBe(304);
  expect(confirmed.headers.get("etag")).toBe('W/"v1"');
});

test("a client cannot have the unchanged content by asking for a part or a coding", async () => {
  const headers = { range: "bytes=0-", "accept-encoding": "gzip" };
  const answer = await ask(`${gateway.url}/gzip`, { headers });
  expect(answer.headers.get("x-asked")).toBe("identity");
  // This backend does not heed it.
  expect(gunzipSync(await answer.bytes()).toString()).toBe(USER);
});

test("content that turns out too large arrives whole", async () => {
  const answer = await ask(`${gateway.url}/large`);
  expect(answer.headers.get("etag")).toBe('"v1"');
  expect((await answer.text()).length).toBe(1_400_004);
});

test("events pass one by one", async () => {
  const answer = await ask(`${gateway.url}/events`);
  const reader = answer.body!.getReader();
  expect(Buffer.from((await reader.read()).value ?? "").toString()).toBe("data: 1\n\n");
  goOn();
  expect(Buffer.from((await reader.read()).value ?? "").toString()).toBe("data: 2\n\n");
});

test("a client that leaves while an answer is read ends the backend's answer", async () => {
  const client = await connectRaw(stage, gateway.port);
  client.send("GET /begun HTTP/1.1\r\nHost: gateway\r\n\r\n");
  await begun;
  client.reset();
  await left;
});

test("an answer that its backend breaks off is an error, not half a text", async () => {
  const answer = await ask(`${gateway.url}/cut`);
  expect(answer.headers.get("x-by")).toBeNull();
  expect(await problemOf(answer)).toMatchObject({
    status: 502,
    code: "backend_answer_incomplete",
  });
});

test("content and fields are changed on their way to a backend of HTTP/2 and back", async () => {
  const init = { method: "POST", body: CONTENT, headers: { "content-type": "application/json" } };
  const answer = await ask(`${gateway.url}/http2`, init);
  expect(answer.headers.get("etag")).toBe('W/"v1"');
  expect(await answer.json()).toEqual({ body: SENT, length: `${SENT.length}`, by: "gateway" });
});

test("what is changed of a query holds for the one that a rewrite makes", async () => {
  const lines = ["GET /found/x?token=secret&a=%7e HTTP/1.1", "Host: gateway"];
  expect((await echo(gateway.port, lines)).query).toBe("q=x&a=%7e&key=k");
});

test("a WebSocket opens, with the fields of its handshake changed", async () => {
  const lines = [
    "GET /ws HTTP/1.1",
    "Host: gateway",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  const client = await connectRaw(stage, gateway.port);
  client.send(`${lines.join("\r\n")}\r\n\r\n`);
  await client.until("\r\n\r\n");
  expect(client.received()).toStartWith("HTTP/1.1 101 ");
  expect(client.received()).toContain("x-by: gateway\r\n");
  expect(client.received()).toContain("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  client.reset();
});

test("a cache stores the changed content, and hands out all of it or a part", async () => {
  const first = await ask(`${gateway.url}/cached`);
  expect(await first.text()).toBe(CHANGED);
  const again = await ask(`${gateway.url}/cached`);
  expect(await again.text()).toBe(CHANGED);
  expect(again.headers.get("cache-status")).toContain("hit");
  expect(again.headers.get("content-length")).toBe(`${CHANGED.length}`);
  const part = await ask(`${gateway.url}/cached`, { headers: { range: "bytes=0-7" } });
  expect(CHANGED).toStartWith(await part.text());
  const confirmed = await ask(`${gateway.url}/cached`, { headers: { "if-none-match": '"v1"' } });
  expect(confirmed.status).toBe(304);
});
