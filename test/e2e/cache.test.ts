import { expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { ask } from "../support/ask.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { fileOf, startOrigin } from "../support/http-origin.ts";
import { connectRaw } from "../support/raw-client.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const CACHEABLE = { "cache-control": "max-age=60", "content-type": "text/plain" };

/** A gateway with a cache before an origin's pages. */
async function cached(
  pages: Parameters<typeof startOrigin>[1],
  cache: unknown = true,
  route: object = {},
) {
  const origin = await startOrigin(stage, pages);
  const config = {
    health_check: noHealthChecks,
    admin: { listen: "127.0.0.1:0" },
    routes: [{ path: "/*", cache, backends: [origin], ...route }],
  };
  return { gateway: await startGateway(stage, config), config };
}

const statusOf = (answer: Response) => answer.headers.get("cache-status");

test("an answer is stored and used again: for GET, HEAD, a part, and as a 304", async () => {
  const content = Buffer.from("0123456789".repeat(20_000));
  let asked = 0;
  const file = fileOf(content);
  const { gateway } = await cached({
    "/file": (request, response) => {
      asked += 1;
      response.setHeader("cache-control", "max-age=60");
      return file(request, response);
    },
  });
  const url = `${gateway.url}/file`;
  expect(statusOf(await ask(url))).toBe("gateway; fwd=uri-miss; stored");

  const whole = await ask(url);
  expect(statusOf(whole)).toMatch(/^gateway; hit; ttl=(?:60|59)$/);
  expect(whole.headers.get("age")).toMatch(/^[01]$/);
  expect(Buffer.from(await whole.arrayBuffer()).equals(content)).toBe(true);
  const head = await ask(url, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe("200000");
  const part = await ask(url, { headers: { range: "bytes=199995-" } });
  expect([part.status, await part.text()]).toEqual([206, "56789"]);
  expect(part.headers.get("content-range")).toBe("bytes 199995-199999/200000");
  const none = await ask(url, { headers: { range: "bytes=200000-" } });
  expect([none.status, none.headers.get("content-range")]).toEqual([416, "bytes */200000"]);
  const known = await ask(url, { headers: { "if-none-match": '"v1"' } });
  expect([known.status, known.headers.get("etag")]).toEqual([304, '"v1"']);
  expect(asked).toBe(1);

  const rows = await gateway.waitForRows(6);
  expect(rows.map(({ status_code }) => status_code)).toEqual([200, 200, 200, 206, 416, 304]);
  expect(rows[0]?.backend).not.toBe("");
  expect(rows.map((row) => row.cache)).toEqual(["uri-miss", "hit", "hit", "hit", "hit", "hit"]);
  expect(rows.slice(1).map(({ attempts, bytes_out }) => [attempts, bytes_out])).toEqual([
    [0, 200_000],
    [0, 0],
    [0, 5],
    [0, 0],
    [0, 0],
  ]);
});

test("answers that are changed with values of their clients are told apart", async () => {
  const { gateway } = await cached(
    {
      "/page": (_request, response) => {
        response.writeHead(200, CACHEABLE).end("page");
      },
    },
    true,
    { response: { headers: { set: { "x-tenant": "{header.x-tenant}" } } } },
  );
  const seen: string[] = [];
  for (const tenant of ["a", "b", "a", "b"]) {
    const answer = await ask(`${gateway.url}/page`, { headers: { "x-tenant": tenant } });
    seen.push(`${answer.headers.get("x-tenant")} ${statusOf(answer)?.slice(0, 12)}`);
  }
  expect(seen).toEqual(["a gateway; fwd", "b gateway; fwd", "a gateway; hit", "b gateway; hit"]);
});

test("a hundred clients at a time are one request, and the one that came first may leave", async () => {
  const held: ServerResponse[] = [];
  const { gateway } = await cached({
    "/slow": (_request, response) => {
      held.push(response);
    },
  });
  const first = await connectRaw(stage, gateway.port);
  first.send(`GET /slow HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`);
  await eventually(() => held.length === 1);
  const others = Array.from({ length: 100 }, () => ask(`${gateway.url}/slow`));
  const counts = async () => {
    const shown = await ask(`${gateway.adminUrl}/admin/cache`);
    return ((await shown.json()) as { routes: Record<string, Record<string, number>> }).routes[
      "/*"
    ]!;
  };
  await eventually(async () => (await counts())["waiting"] === 100);
  first.reset();
  await eventually(async () => (await counts())["waiting"] === 100);

  held[0]?.writeHead(200, { ...CACHEABLE, "content-length": 5 });
  held[0]?.write("he");
  held[0]?.end("llo");

  const answers = await Promise.all(others);
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(
    Array.from({ length: 100 }, () => "hello"),
  );
  expect(new Set(answers.map(statusOf))).toEqual(new Set(["gateway; fwd=uri-miss; collapsed"]));
  expect(held).toHaveLength(1);
  const rows = await gateway.waitForRows(101);
  expect(rows.filter(({ error_code }) => error_code === "client_closed")).toHaveLength(1);
});

test("content that breaks off is not stored", async () => {
  let asked = 0;
  const { gateway } = await cached({
    "/broken": (_request, response) => {
      asked += 1;
      response.writeHead(200, { ...CACHEABLE, "content-length": 200_000 });
      response.write("a".repeat(100_000), () => setTimeout(() => response.destroy(), 20));
    },
    "/chunks": (_request, response) => {
      asked += 1;
      response.writeHead(200, CACHEABLE);
      response.write("a".repeat(100_000), () => setTimeout(() => response.destroy(), 20));
    },
  });
  for (const path of ["/broken", "/chunks"]) {
    for (const _ of [1, 2]) {
      const answer = ask(`${gateway.url}${path}`).then((one) => one.text());
      expect(answer).rejects.toThrow();
      await answer.catch(() => {});
    }
  }
  expect(asked).toBe(4);
});

test("a stale answer stands in while no backend can be reached", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", cache: { ttl: "1ms", stale_if_error: "1h" }, backends: [mock.url] }],
  });
  const url = `${gateway.url}/api/users/1`;
  const before = await (await ask(url)).text();
  mock.kill("SIGKILL");
  await mock.exited;

  const answer = await ask(url);

  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe(before);
  expect(statusOf(answer)).toMatch(
    /^gateway; fwd=stale; fwd-status=502; ttl=-[0-9]+; detail=stale-if-error$/,
  );
  const [, row] = await gateway.waitForRows(2);
  expect(row).toMatchObject({ status_code: 200, attempts: 1, error_code: null });
});

test("what is stored survives a reload, unless the cache is to work in another way", async () => {
  let asked = 0;
  const { gateway, config } = await cached({
    "/a": (_request, response) => {
      asked += 1;
      response.writeHead(200, { ...CACHEABLE, "x-secret": "1" }).end("a");
    },
  });
  const url = `${gateway.url}/a`;
  await ask(url);
  await gateway.reload({
    ...config,
    routes: config.routes.map((route) => ({ ...route, timeouts: { idle: "1m" } })),
  });
  expect(statusOf(await ask(url))).toContain("hit");
  expect(asked).toBe(1);

  const hidden = { response: { headers: { remove: ["x-secret"] } } };
  await gateway.reload({
    ...config,
    routes: config.routes.map((route) => ({ ...route, ...hidden })),
  });
  expect((await ask(url)).headers.get("x-secret")).toBeNull();
  expect(asked).toBe(2);
});

test("the operator purges by path and tag; a page of another site cannot", async () => {
  const { gateway } = await cached({
    "/a": (_request, response) => {
      response.writeHead(200, { ...CACHEABLE, "surrogate-key": "users user-1" }).end("a");
    },
    "/b": (_request, response) => {
      response.writeHead(200, { ...CACHEABLE, "cache-tag": "users,user-2" }).end("b");
    },
  });
  const fill = async () => {
    const answers = [await ask(`${gateway.url}/a`), await ask(`${gateway.url}/b`)];
    for (const { headers } of answers) {
      expect([headers.get("surrogate-key"), headers.get("cache-tag")]).toEqual([null, null]);
    }
  };
  const purge = async (what: object, headers: Record<string, string> = {}) => {
    const answer = await ask(`${gateway.adminUrl}/admin/cache/purge`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(what),
    });
    return answer.status === 200 ? ((await answer.json()) as object) : answer.status;
  };
  await fill();
  expect(await purge({ all: true }, { origin: "http://evil.test" })).toBe(403);
  expect(await purge({ all: true }, { "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await purge({ all: true }, { "content-type": "text/plain" })).toBe(415);
  expect(await purge({ path: "/a" })).toEqual({ purged: 1 });
  await fill();
  expect(await purge({ tag: "user-2" })).toEqual({ purged: 1 });
  await fill();
  expect(await purge({ tag: "users" })).toEqual({ purged: 2 });
  expect(await purge({ all: true })).toEqual({ purged: 0 });
  // On the port for clients there is no such page.
  const outside = await ask(`${gateway.url}/admin/cache/purge`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(outside.headers.get("cache-status")).toBe("gateway; fwd=method");
});
