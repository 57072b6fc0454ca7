import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import {
  answer,
  type RawBackend,
  type RawRequest,
  startRawBackend,
} from "../support/raw-backend.ts";
import { askRaw, converse, type RawAnswer } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let backend: RawBackend;
let gateway: GatewayProcess;

beforeAll(async () => {
  backend = await startRawBackend(stage, (request) => void answerWhenRead(request));
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/open/*", backends: [backend.url] },
      { path: "/vault/*", methods: ["GET", "LIST", "x-own"], backends: [backend.url] },
    ],
  });
});

/** Answers a request when all of its content has arrived. */
async function answerWhenRead(request: RawRequest): Promise<void> {
  const [chunked] = request.all("transfer-encoding");
  const [length = "0"] = request.all("content-length");
  if (chunked !== undefined) await request.received("0\r\n\r\n");
  else if (length !== "0") await request.received('{"query":{}}');
  request.send(answer([]));
  request.end();
}

function send(line: string, fields: readonly string[] = [], content = ""): Promise<RawAnswer> {
  return askRaw(gateway.port, [`${line} HTTP/1.1`, "Host: gateway", ...fields], content);
}

/** The request as it came to the backend. */
async function received(...parts: Parameters<typeof send>): Promise<RawRequest> {
  const arrived = backend.next();
  expect((await send(...parts)).status).toBe(200);
  return arrived;
}

describe("a method", () => {
  test.each(["QUERY", "PROPFIND", "M-SEARCH", "PURGE"])(
    "in common use is forwarded: %s",
    async (method) => {
      expect((await received(`${method} /open/a`)).lines[0]).toBe(`${method} /open/a HTTP/1.1`);
    },
  );

  test.each(["LIST", "x-own"])(
    "that a route lists is forwarded by that route: %s",
    async (method) => {
      expect((await received(`${method} /vault/a`)).lines[0]).toBe(`${method} /vault/a HTTP/1.1`);
      const elsewhere = await send(`${method} /open/a`);
      expect(elsewhere.status).toBe(405);
      expect(elsewhere.all("allow")[0]?.split(", ")).toContain("PROPFIND");
      expect(elsewhere.all("allow")[0]?.split(", ")).not.toContain(method);
    },
  );

  test("in common use that a route does not list is a 405", async () => {
    const refused = await send("PUT /vault/a");
    expect(refused.status).toBe(405);
    expect(refused.all("allow")).toEqual(["GET, LIST, x-own"]);
  });

  test.each([
    "MKACTIVITY /open/a",
    "list /vault/a",
    "FOO /nowhere",
    "TRACE /open/a",
    "!#$%&'*+ /open/a",
  ])("that no route names is a 501: %s", async (line) => {
    const { status, content } = await send(line);
    expect(status).toBe(501);
    expect(JSON.parse(content)).toMatchObject({ code: "method_not_proxied" });
  });

  test("CONNECT is a 501 with a row that says what for", async () => {
    const own = await startGateway(stage, {
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [backend.url] }],
    });
    const lines = ["CONNECT example.com:443 HTTP/1.1", "Host: example.com:443"];
    const { status, content } = await askRaw(own.port, lines);
    expect(status).toBe(501);
    expect(JSON.parse(content)).toMatchObject({ code: "method_not_proxied" });
    expect(await own.waitForRows(1)).toMatchObject([
      { method: "CONNECT", path: "example.com:443", status_code: 501 },
    ]);
  });
});

test("what follows a refused CONNECT was meant for the tunnel, and is no request", async () => {
  const before = backend.requests.length;
  const text = await converse(
    gateway.port,
    "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n" +
      "GET /open/hidden HTTP/1.1\r\nHost: gateway\r\n\r\n",
  );
  expect(text).toStartWith("HTTP/1.1 501 ");
  expect(text).toContain("\r\nConnection: close\r\n");
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  await received("GET /open/afterwards");
  expect(backend.requests).toHaveLength(before + 1);
});

describe("OPTIONS of the whole gateway", () => {
  test.each([
    ["OPTIONS *", []],
    ["OPTIONS http://gateway", []],
    ["OPTIONS *", ["Max-Forwards: 0"]],
    ["OPTIONS *", ["Max-Forwards: 7"]],
  ])("%s with %p is answered with the methods that there are", async (line, fields) => {
    const before = backend.requests.length;
    const { status, all, content } = await send(line, fields);
    expect(status).toBe(204);
    expect(all("allow")[0]?.split(", ")).toEqual(expect.arrayContaining(["GET", "QUERY", "LIST"]));
    expect(content).toBe("");
    expect(backend.requests.length).toBe(before);
  });

  test("is a row", async () => {
    const own = await startGateway(stage, {
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [backend.url] }],
    });
    await askRaw(own.port, ["OPTIONS * HTTP/1.1", "Host: gateway"]);
    expect(await own.waitForRows(1)).toMatchObject([
      { method: "OPTIONS", path: "*", status_code: 204, error_code: null },
    ]);
  });
});

describe("content of any method", () => {
  const search = '{"query":{}}';

  test.each(["GET", "HEAD", "DELETE", "OPTIONS", "QUERY"])(
    "of known length is forwarded with its length: %s, as a search with a body",
    async (method) => {
      const fields = ["Content-Type: application/json", `Content-Length: ${search.length}`];
      const request = await received(`${method} /open/_search`, fields, search);
      expect(request.all("content-length")).toEqual([`${search.length}`]);
      expect(request.all("transfer-encoding")).toEqual([]);
      await request.received(search);
    },
  );

  test.each(["GET", "HEAD", "DELETE"])("in chunks is forwarded in chunks: %s", async (method) => {
    const fields = ["Transfer-Encoding: chunked"];
    const request = await received(
      `${method} /open/_search`,
      fields,
      `c\r\n${search}\r\n0\r\n\r\n`,
    );
    expect(request.all("transfer-encoding")).toEqual(["chunked"]);
    await request.received(search);
  });

  test.each(["GET", "HEAD"])(
    "in chunks with nothing in it is forwarded like that: %s, as some HTTP clients send it",
    async (method) => {
      const fields = ["Transfer-Encoding: chunked"];
      const request = await received(`${method} /open/a`, fields, "0\r\n\r\n");
      expect(request.all("transfer-encoding")).toEqual(["chunked"]);
      expect(request.all("content-length")).toEqual([]);
    },
  );

  test("of length 0 keeps its length, and none stays none", async () => {
    expect((await received("GET /open/a", ["Content-Length: 0"])).all("content-length")).toEqual([
      "0",
    ]);
    const none = await received("GET /open/a");
    expect([...none.all("content-length"), ...none.all("transfer-encoding")]).toEqual([]);
  });

  test("counts as bytes of the request in its row", async () => {
    const own = await startGateway(stage, {
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [backend.url] }],
    });
    const fields = ["Host: gateway", `Content-Length: ${search.length}`];
    await askRaw(own.port, ["GET /a HTTP/1.1", ...fields], search);
    expect(await own.waitForRows(1)).toMatchObject([{ bytes_in: search.length }]);
  });
});
