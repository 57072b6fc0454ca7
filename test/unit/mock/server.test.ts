import { describe, expect, test } from "bun:test";
import { startMock } from "../../../mock/server.ts";
import { mocks } from "./support.ts";

const start = mocks();

describe("starting and stopping", () => {
  test("a mock on port 0 says which port the system picked", async () => {
    const mock = start({ name: "UserService-1" });
    expect(mock.port).toBeGreaterThan(0);
    expect(mock.url).toBe(`http://127.0.0.1:${mock.port}`);
    expect(mock.name).toBe("UserService-1");
    expect((await fetch(mock.url)).status).toBe(200);
  });

  test("a busy port is an error that names it", () => {
    const { port } = start();
    const options = { port, host: "127.0.0.1", name: "second", latency: 0, failRate: 0 };
    expect(() => startMock(options)).toThrow(`cannot listen on 127.0.0.1:${port}`);
  });

  test("a mock on every interface names an address that can be asked", async () => {
    const { url, port } = start({ host: "0.0.0.0" });
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("an IPv6 host stands in brackets", () => {
    expect(start({ host: "::1" }).url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(start({ host: "::" }).url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test("stopping ends requests and WebSockets that are under way, and frees the port", async () => {
    const mock = start();
    const waiting = fetch(`${mock.url}/delay/10m`).then(
      () => "answered",
      () => "ended",
    );
    const socket = new WebSocket(`${mock.url}/ws`);
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    await mock.stop();
    await closed;
    expect(await waiting).toBe("ended");
    expect(start({ port: mock.port }).port).toBe(mock.port);
  });
});

describe("latency and fail rate", () => {
  test("latency comes before an answer, but not before that of /health", async () => {
    const { url } = start({ latency: 60_000 });
    const abort = new AbortController();
    let answered = false;
    const slow = fetch(`${url}/api/users/1`, { signal: abort.signal }).then(
      () => (answered = true),
      () => undefined,
    );
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(answered).toBe(false);
    abort.abort();
    await slow;
  });

  test("an answer with latency is the same answer, later", async () => {
    const { url } = start({ latency: 20 });
    const begun = performance.now();
    const answer = await fetch(`${url}/api/users/1`);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(19);
    expect(await answer.json()).toMatchObject({ server: "Mock-1", id: 1 });
  });

  test("the share of requests below the fail rate is answered 500", async () => {
    const rolls = [0.1, 0.3, 0.29, 0.9];
    const { url } = start({ failRate: 0.3, random: () => rolls.shift() ?? 1 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      statuses.push((await fetch(`${url}/api/users/1`)).status);
    }
    expect(statuses).toEqual([500, 200, 500, 200]);
  });

  test("a failed answer names the mock and says that it is on purpose", async () => {
    const { url } = start({ failRate: 1 });
    const answer = await fetch(`${url}/echo`);
    expect(await answer.json()).toEqual({
      server: "Mock-1",
      error: expect.stringContaining("fails a share"),
    });
  });

  test("the fail rate spares /health and its switches", async () => {
    const { url } = start({ failRate: 1 });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/health/down`, { method: "POST" })).status).toBe(200);
  });
});

describe("finding a path", () => {
  test("the root lists every path with its methods and a sentence", async () => {
    const { url } = start();
    const list = (await (await fetch(url)).json()) as {
      server: string;
      paths: { path: string; methods: string[]; about: string }[];
    };
    expect(list.server).toBe("Mock-1");
    const known = list.paths.map(({ path }) => path);
    for (const path of ["/api/users/:id", "/api/orders", "/health/down", "/echo/*", "/ws"]) {
      expect(known).toContain(path);
    }
    for (const { about, methods } of list.paths) {
      expect(about).toMatch(/\.$/);
      expect(methods.length).toBeGreaterThan(0);
    }
  });

  test.each(["/nowhere", "/api/users/1/2", "/api", "/healthy"])(
    "%s, which is nothing, is answered with 404 by a named mock, and with what there is",
    async (path) => {
      const answer = await fetch(`${start().url}${path}`);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual({
        server: "Mock-1",
        error: expect.stringContaining(path),
        paths: expect.arrayContaining(["/api/users", "/api/users/:id", "/status", "/echo/*"]),
      });
    },
  );

  test("a method that a path is not for is answered with 405 and Allow", async () => {
    const answer = await fetch(`${start().url}/api/users/1`, { method: "POST" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
  });

  test("OPTIONS lists the methods of a path", async () => {
    const answer = await fetch(`${start().url}/health/up`, { method: "OPTIONS" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("allow")).toBe("POST, OPTIONS");
  });

  test("HEAD is answered like GET, without the body", async () => {
    const { url } = start();
    const [head, get] = await Promise.all([
      fetch(`${url}/api/users/7`, { method: "HEAD" }),
      fetch(`${url}/api/users/7`),
    ]);
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe(String((await get.bytes()).length));
    expect(await head.text()).toBe("");
  });
});

describe("?delay= and ?status=, on any path", () => {
  test("?delay= puts the answer off", async () => {
    const begun = performance.now();
    const answer = await fetch(`${start().url}/health?delay=20ms`);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(19);
    expect(answer.status).toBe(200);
  });

  test("?status= stands in for the path's own status", async () => {
    const answer = await fetch(`${start().url}/api/orders/3?status=503`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      server: "Mock-1",
      status: 503,
      title: "Service Unavailable",
    });
  });

  test.each(["/?delay=11m", "/?delay=5", "/?status=99", "/?status=ok"])(
    "%s is answered with 400 and what is expected",
    async (path) => {
      const answer = await fetch(`${start().url}${path}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        server: "Mock-1",
        error: expect.stringContaining("expected a"),
      });
    },
  );
});
