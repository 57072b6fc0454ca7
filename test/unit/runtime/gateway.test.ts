import { describe, expect, test } from "bun:test";
import { Answer } from "../../../src/pipeline/answer.ts";
import { problemOf } from "../../support/ask.ts";
import { drip, silence } from "../proxy/network.ts";
import { asResponse, clientRequest } from "../../support/client-request.ts";
import { world } from "./world.ts";

describe("a request with a route", () => {
  test.each(["set: { b: c }", "add: { b: c }", "remove: [b]"])(
    "keeps bytes of its query that are not ASCII, also with %p",
    async (changes) => {
      const { ask, sent } = world({
        config: `routes: [{ path: "/*", backends: ["http://backend.test"], request: { query: { ${changes} } } }]`,
      });
      expect((await ask("/a?q=\xE9\xFF")).status).toBe(200);
      expect(sent[0]?.request.target).toStartWith("/a?q=\xE9\xFF");
    },
  );

  test("goes to its backend and is one record", async () => {
    const { ask, records, sent } = world();
    expect(await (await ask("/api/users?a=b")).text()).toBe("from the backend");
    expect(sent[0]?.url).toBe("http://backend.test:9001/api/users?a=b");
    expect(records).toMatchObject([
      {
        route: "/api/*",
        path: "/api/users",
        query: "?a=b",
        statusCode: 200,
        backend: "http://backend.test:9001",
        requestId: "id-1",
        clientIp: "192.0.2.1",
      },
    ]);
  });

  test("keeps what its path's parameters matched", async () => {
    const config = `routes: [{ path: "/users/:name", backends: ["http://backend.test"] }]`;
    const { ask, records } = world({ config });
    await ask("/users/%C3%A4");
    expect(records).toMatchObject([{ route: "/users/:name", path: "/users/%C3%A4" }]);
  });

  test("has the client's own User-Agent in its row, or none", async () => {
    const { ask, records, sent } = world();
    await ask("/api/a", { headers: { "user-agent": "curl/8.0" } });
    await ask("/api/a");
    expect(records.map(({ userAgent }) => userAgent)).toEqual(["curl/8.0", ""]);
    expect(sent.map(({ headers }) => headers.get("user-agent"))).toEqual(["curl/8.0", null]);
  });

  test("whose client has left before there was an answer is a row of 499 and no bytes", async () => {
    const { ask, records } = world({ answer: silence });
    const client = new AbortController();
    const answer = ask("/api/a", { signal: client.signal });
    client.abort();
    expect((await answer).status).toBe(499);
    expect(records).toMatchObject([{ statusCode: 499, errorCode: "client_closed" }]);
  });
});

describe("a request without a route", () => {
  test("is answered 404", async () => {
    const { ask, records, sent } = world();
    expect(await problemOf(await ask("/nowhere"))).toMatchObject({
      status: 404,
      code: "route_not_found",
      detail: "no route matches /nowhere",
    });
    expect(records).toMatchObject([{ statusCode: 404, errorCode: "route_not_found", route: "" }]);
    expect(sent).toEqual([]);
  });

  test("is answered 405 if other methods have a route, with those methods", async () => {
    const config = `routes: [{ path: /a, methods: [GET, PUT], backends: ["http://backend.test"] }]`;
    const response = await world({ config }).ask("/a", { method: "DELETE" });
    expect(response.headers.get("allow")).toContain("PUT");
    expect(await problemOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
  });

  test("is answered 501 for a method that is not forwarded, route or not", async () => {
    const { records, ask } = world();
    const response = await ask("/api/a", { method: "TRACE" });
    expect(await problemOf(response)).toMatchObject({ status: 501, code: "method_not_proxied" });
    expect(records).toMatchObject([{ statusCode: 501, method: "TRACE" }]);
    expect((await ask("/api/a")).status).toBe(200);
  });

  test.each([
    ["/api/a%00b", {}, "invalid_path"],
    ["/api/a", { host: "a, b" }, "invalid_host"],
  ])("is answered 400 when %s with %p makes no sense", async (path, headers, code) => {
    const { ask, sent, records } = world();
    expect(await problemOf(await ask(path, { headers }))).toMatchObject({ status: 400, code });
    expect(records).toMatchObject([{ errorCode: code }]);
    expect(sent).toEqual([]);
  });

  test("is counted by the global limit, and gets CORS fields, like any other", async () => {
    const config = `
      rate_limiting: { enabled: true, requests_per_second: 1, burst: 2 }
      cors: { enabled: true, allowed_origins: ["*"] }
      routes: [{ path: /a, backends: ["http://backend.test"] }]`;
    const { ask } = world({ config });
    const headers = { origin: "http://shop.test" };
    const answers = [
      await ask("/nowhere", { headers }),
      await ask("/a%00", { headers }),
      await ask("/nowhere", { headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 400, 429]);
    for (const answer of answers) {
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    }
  });
});

describe("a preflight", () => {
  const config = `
    cors: { enabled: true, allowed_origins: ["*"], allowed_methods: [GET, PUT] }
    routes: [{ path: /a, methods: [PUT], backends: ["http://backend.test"] }]`;
  const preflight = (method: string) => ({
    method: "OPTIONS",
    headers: { origin: "http://shop.test", "access-control-request-method": method },
  });

  test("is answered by the route of the method that it asks about", async () => {
    const { ask, records, sent } = world({ config });
    const response = await ask("/a", preflight("PUT"));
    expect(response.status).toBeWithin(200, 205);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(records).toMatchObject([{ route: "/a" }]);
    expect(sent).toEqual([]);
  });

  test("without CORS is an OPTIONS request that has no route", async () => {
    const { ask } = world({
      config: `routes: [{ path: /a, methods: [PUT], backends: ["http://backend.test"] }]`,
    });
    const response = await ask("/a", preflight("PUT"));
    expect(await problemOf(response)).toMatchObject({
      status: 405,
      detail: "/a takes PUT, not OPTIONS",
    });
  });

  test("for a method that no route has belongs to none", async () => {
    const { ask, records } = world({
      config: `routes: [{ path: /a, methods: [PUT], backends: ["http://backend.test"] }]`,
    });
    expect((await ask("/a", preflight("GET"))).status).toBe(405);
    expect((await ask("/a", { method: "OPTIONS" })).status).toBe(405);
    expect(records).toMatchObject([{ route: "" }, { route: "" }]);
  });
});

describe("a request that has come back", () => {
  test.each(["1.1 gateway-1a2b3c4d", "1.0 fred, 1.1 gateway-1a2b3c4d, 1.1 other"])(
    "is refused by its Via: %s",
    async (via) => {
      const { ask, sent, records } = world();
      const response = await ask("/api/a", { headers: { via } });
      expect(response.headers.get("proxy-status")).toStartWith(
        "gateway; error=proxy_loop_detected",
      );
      expect(await problemOf(response)).toMatchObject({ status: 508, code: "loop_detected" });
      expect(sent).toEqual([]);
      expect(records).toHaveLength(1);
    },
  );

  test("is distinguished from one that has passed through another gateway", async () => {
    const { ask, sent } = world();
    const via = "1.1 gateway-ffffffff, 1.1 gateway";
    expect((await ask("/api/a", { headers: { via } })).status).toBe(200);
    expect(sent[0]?.headers.get("via")).toBe(`${via}, 1.1 gateway-1a2b3c4d`);
  });
});

describe("a request's id", () => {
  const trusting = `
    server: { trusted_proxies: [10.0.0.0/8] }
    routes: [{ path: "/api/*", backends: ["http://backend.test"] }]`;

  async function idFor(given: string, peer: string): Promise<string | null> {
    const made = world({ config: trusting });
    made.peer.address = peer;
    const response = await made.ask("/api/a", { headers: { "x-request-id": given } });
    expect(made.sent[0]?.headers.get("x-request-id")).toBe(response.headers.get("x-request-id"));
    return response.headers.get("x-request-id");
  }

  test("is the gateway's own, whatever a client says", async () => {
    expect(await idFor("mine", "192.0.2.1")).toBe("id-1");
  });

  test("is that of a trusted proxy", async () => {
    expect(await idFor("edge-7", "::ffff:10.0.0.1")).toBe("edge-7");
  });

  test.each(["", "a b", "x".repeat(129), "ä"])(
    "is not %p, even from a trusted proxy",
    async (given) => {
      expect(await idFor(given, "10.0.0.1")).toBe("id-1");
    },
  );
});

describe("the gateway's own pages", () => {
  test("come before routes", async () => {
    const { ask, records, sent } = world({
      ownPages: ({ target }) =>
        target.path === "/api/own" ? { handle: () => new Answer("own") } : undefined,
    });
    expect(await (await ask("/api/own")).text()).toBe("own");
    expect(await (await ask("/api/other")).text()).toBe("from the backend");
    expect(records).toMatchObject([{ route: "", statusCode: 200 }, { route: "/api/*" }]);
    expect(sent).toHaveLength(1);
  });

  test("are not asked about requests that make no sense", async () => {
    const { ask } = world({ ownPages: () => ({ handle: () => new Answer("own") }) });
    expect((await ask("/api/own", { headers: { host: "a b" } })).status).toBe(400);
  });

  test.each([
    ["at once", () => fail(new TypeError("secret"))],
    ["later", () => Promise.reject(new TypeError("secret"))],
  ])("that crash %s are a 500 that tells nothing, reported with its id", async (_when, handle) => {
    const { ask, crashes, records } = world({ ownPages: () => ({ handle }) });
    const problem = await problemOf(await ask("/health"));
    expect(problem).toMatchObject({ status: 500, code: "internal_error", request_id: "id-1" });
    expect(JSON.stringify(problem)).not.toContain("secret");
    expect(crashes).toEqual([{ requestId: "id-1", error: new TypeError("secret") }]);
    expect(records).toMatchObject([{ statusCode: 500, errorCode: "internal_error" }]);
  });
});

describe("an exchange", () => {
  test("is over when its content has ended, and not before", async () => {
    const source = drip();
    const { ask, clock, records, gateway } = world({
      answer: () => new Response(source.stream),
    });
    const reader = (await ask("/api/a")).body!.getReader();
    expect(gateway.inFlight).toBe(1);
    const idle = gateway.whenIdle();
    source.chunk(5);
    await reader.read();
    clock.advance(250);
    expect(records).toEqual([]);
    source.end();
    await reader.read();
    await idle;
    expect(gateway.inFlight).toBe(0);
    expect(records).toMatchObject([{ statusCode: 200, bytesOut: 5, latencyMs: 250 }]);
  });

  test("that the client leaves in the middle counts as 499", async () => {
    const source = drip();
    const { ask, records, gateway } = world({ answer: () => new Response(source.stream) });
    const response = await ask("/api/a");
    await response.body?.cancel();
    await gateway.whenIdle();
    expect(records).toMatchObject([{ statusCode: 499, errorCode: "client_closed" }]);
  });

  test("among others is waited for, with all of them", async () => {
    const sources = [drip(), drip()];
    const { ask, gateway } = world({
      answer: ({ url }) => new Response(sources[url.endsWith("0") ? 0 : 1]?.stream),
    });
    const answers = [await ask("/api/0"), await ask("/api/1")];
    let idle = 0;
    const waiting = [gateway.whenIdle(), gateway.whenIdle()].map((wait) =>
      wait.then(() => {
        idle += 1;
      }),
    );
    sources[0]?.end();
    await answers[0]?.text();
    await Promise.resolve();
    expect(idle).toBe(0);
    expect(gateway.inFlight).toBe(1);
    sources[1]?.end();
    await answers[1]?.text();
    await Promise.all(waiting);
    expect(idle).toBe(2);
    await gateway.whenIdle();
  });

  test("stays with the snapshot it began with", async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { ask, gateway, compile, records } = world({ answer: () => promise });
    const old = ask("/api/a");
    const next = compile(`routes: [{ path: /new, backends: ["http://other.test"] }]`);
    gateway.swap(next);
    expect(gateway.snapshot).toBe(next);
    expect((await ask("/api/a")).status).toBe(404);
    resolve(new Response("old"));
    expect(await (await old).text()).toBe("old");
    expect(records.map(({ route }) => route)).toEqual(["", "/api/*"]);
  });
});

describe("requests under way", () => {
  const config = `
    server: { max_in_flight: 2 }
    cors: { enabled: true, allowed_origins: ["*"] }
    routes: [{ path: "/api/*", backends: ["http://backend.test"] }]`;

  test("are limited; above the limit the answer is 503 and says when to retry", async () => {
    const { ask, sent, gateway, records } = world({
      config,
      answer: () => new Response(drip().stream),
    });
    const open = [await ask("/api/a"), await ask("/api/b")];
    const refused = await ask("/api/c", { headers: { origin: "http://shop.test" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.headers.get("access-control-allow-origin")).toBe("*");
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: "overloaded" });
    expect(sent).toHaveLength(2);
    expect(gateway.inFlight).toBe(2);
    expect(records).toMatchObject([{ statusCode: 503, errorCode: "overloaded", attempts: 0 }]);
    for (const { body } of open) await body?.cancel();
    await gateway.whenIdle();
    const next = await ask("/api/d");
    expect(next.status).toBe(200);
    await next.body?.cancel();
  });

  test("do not keep the gateway from its own pages", async () => {
    const { ask } = world({
      config: config.replace("2", "1"),
      answer: () => new Response(drip().stream),
      ownPages: ({ target }) =>
        target.path === "/health" ? { handle: () => new Answer("ok") } : undefined,
    });
    const { body } = await ask("/api/a");
    expect((await ask("/api/b")).status).toBe(503);
    expect((await ask("/health")).status).toBe(200);
    await body?.cancel();
  });
});

describe("a request that the listener could not read", () => {
  test.each([
    [400, "bad_request"],
    [408, "request_timeout"],
    [431, "header_too_large"],
    [501, "coding_not_supported"],
    [505, "version_not_supported"],
  ] as const)("is answered %i by a problem, with CORS fields and a row", async (status, code) => {
    const { gateway, records } = world();
    const refusal = { status, detail: "not what it should be" };
    const exchange = await gateway.handle(clientRequest({ method: "", target: "", refusal }));
    const response = asResponse(exchange.answer, exchange);
    expect(await problemOf(response)).toMatchObject({ status, code, detail: refusal.detail });
    expect(records).toMatchObject([{ statusCode: status, errorCode: code, endedBy: "client" }]);
  });
});

function fail(error: Error): never {
  throw error;
}
