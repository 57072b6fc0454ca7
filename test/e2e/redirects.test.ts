import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { askHttp2, http2Session } from "../support/http2-ask.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway(stage, {
    cors: { allowed_origins: ["https://app.example.com"] },
    routes: [
      { path: "/users/:id", redirect: "https://{request.host}/v2/users/{path.id}" },
      {
        path: "/to-https/*",
        redirect: { to: "https://{request.hostname}:8443{request.path}", status: 301 },
      },
      { path: "/rest/*rest", redirect: { to: "/{path.rest}", status: 307 } },
      { path: "/self", redirect: "{request.path}" },
      {
        path: "/soon/*",
        respond: { status: 503, body: "back soon", headers: { "retry-after": 120 } },
      },
      { path: "/gone", respond: 410 },
      { path: "/hello/:who", respond: "hello {path.who}, {query.a}" },
      { path: "/json", respond: { body: '{"q": "{query.q}"}' } },
      { path: "/not-modified", respond: { status: 304, headers: { ETag: '"v1"' } } },
      { path: "/empty", respond: { status: 204 } },
      { path: "/limited", respond: 200, rate_limit: { requests_per_second: "1/h", burst: 1 } },
    ],
  });
});

describe("a redirect", () => {
  test("names the host that was asked for, with its port", async () => {
    const lines = ["GET /users/a%2Fb?c=1 HTTP/1.1", "Host: api.example.com:8080"];
    const { status, all, content } = await askRaw(gateway.port, lines);
    expect(status).toBe(308);
    expect(all("location")).toEqual(["https://api.example.com:8080/v2/users/a%2Fb?c=1"]);
    expect(content).toBe("https://api.example.com:8080/v2/users/a%2Fb?c=1\n");
  });

  test("has the port that it is to have", async () => {
    const lines = ["GET /to-https/a HTTP/1.1", "Host: api.example.com:8080"];
    const { status, all } = await askRaw(gateway.port, lines);
    expect(status).toBe(301);
    expect(all("location")).toEqual(["https://api.example.com:8443/to-https/a"]);
  });

  test.each([
    ["/rest//evil.test", "/evil.test"],
    ["/rest/%2Fevil.test", "/%2Fevil.test"],
    ["/rest/\\evil.test", "/%5Cevil.test"],
    ["/rest/%5C%5Cevil.test", "/%5C%5Cevil.test"],
    ["/rest/%0d%0aSet-Cookie:a", "/%0D%0ASet-Cookie:a"],
    ["/rest/https://evil.test", "/https:/evil.test"],
    ["/rest/a?//evil.test\\", "/a?//evil.test%5C"],
    ["/rest/", "/"],
  ])("of %p leads to no other host: %p", async (target, location) => {
    const { status, all } = await askRaw(gateway.port, [`GET ${target} HTTP/1.1`, "Host: gateway"]);
    expect(status).toBe(307);
    expect(all("location")).toEqual([location]);
    expect(all("set-cookie")).toEqual([]);
  });

  test("to itself is an error of the gateway", async () => {
    const answer = await ask(`${gateway.url}/self`);
    expect(await problemOf(answer)).toMatchObject({ status: 508, code: "loop_detected" });
  });

  test("without a host to name is the client's error", async () => {
    const { status, content } = await askRaw(gateway.port, ["GET /users/7 HTTP/1.0"]);
    expect(status).toBe(400);
    expect(content).toContain('"code":"invalid_host"');
  });

  test("of a POST needs none of its content, and the connection goes on", async () => {
    const answer = await ask(`${gateway.url}/rest/a`, {
      method: "POST",
      body: "x".repeat(100_000),
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([307, "/a"]);
    expect((await ask(`${gateway.url}/hello/you`)).status).toBe(200);
  });

  test("is sent over HTTP/2", async () => {
    const session = http2Session(stage, gateway.url);
    const { status, fields } = await askHttp2(session, "/rest/a");
    expect([status, fields["location"]]).toEqual([307, "/a"]);
  });
});

describe("a fixed answer", () => {
  test("has its status, fields and content", async () => {
    const answer = await ask(`${gateway.url}/soon/x`);
    expect([answer.status, await answer.text()]).toEqual([503, "back soon"]);
    expect(answer.headers.get("retry-after")).toBe("120");
    expect(answer.headers.get("content-type")).toBe("text/plain;charset=utf-8");
    expect((await ask(`${gateway.url}/gone`)).status).toBe(410);
  });

  test("has what the request says, encoded for where it stands", async () => {
    const text = await ask(`${gateway.url}/hello/j%C3%BCrgen?a=%3Cb%3E+c`);
    expect(await text.text()).toBe("hello j%C3%BCrgen, <b> c");
    const json = await ask(`${gateway.url}/json?q=%22%2C%22admin%22%3Atrue%2C%22%C3%BC%0A`);
    expect(json.headers.get("content-type")).toBe("application/json");
    expect(await json.json()).toEqual({ q: '","admin":true,"ü\n' });
  });

  test("to HEAD is the header section alone", async () => {
    const { status, all, content } = await askRaw(gateway.port, [
      "HEAD /soon/x HTTP/1.1",
      "Host: a",
    ]);
    expect([status, all("content-length"), content]).toEqual([503, ["9"], ""]);
    const session = http2Session(stage, gateway.url);
    const over2 = await askHttp2(session, "/soon/x", { ":method": "HEAD" });
    expect([over2.status, over2.fields["content-length"], over2.content.length]).toEqual([
      503,
      "9",
      0,
    ]);
  });

  test.each([
    ["/not-modified", 304, 'etag: "v1"'],
    ["/empty", 204, "cache-control: no-store"],
  ])("of %s without content has neither length nor type", async (path, status, line) => {
    const answer = await askRaw(gateway.port, [`GET ${path} HTTP/1.1`, "Host: a"]);
    expect([answer.status, answer.content]).toEqual([status, ""]);
    for (const name of ["content-length", "transfer-encoding", "content-type"]) {
      expect(answer.all(name)).toEqual([]);
    }
    expect(answer.fields.map(([name, value]) => `${name}: ${value}`)).toContain(line);
  });

  test("passes the route's policies like any other", async () => {
    const headers = { origin: "https://app.example.com" };
    const answers = [];
    for (let at = 0; at < 2; at += 1)
      answers.push(await ask(`${gateway.url}/limited`, { headers }));
    expect(answers.map(({ status }) => status)).toEqual([200, 429]);
    for (const answer of answers) {
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    }
  });
});
