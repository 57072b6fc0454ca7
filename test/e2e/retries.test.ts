import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { ask, problemOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { contentOf } from "../support/http-origin.ts";
import { answer, type RawRequest, startRawBackend } from "../support/raw-backend.ts";
import { connectRaw } from "../support/raw-client.ts";
import { listen } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";
import { startHttp2Backend } from "../unit/transport/http2/support.ts";

const stage = createStage();

/** A gateway with a route to some backends, in their order. */
function gatewayTo(backends: readonly string[], route: object, rest: Partial<TestConfig> = {}) {
  return startGateway(stage, {
    health_check: noHealthChecks,
    ...rest,
    routes: [{ path: "/*", backends, ...route }],
  });
}

/** Raw backends that act in the order of requests, whichever backend gets them. */
async function rawBackends(count: number, acts: readonly ((request: RawRequest) => void)[]) {
  const requests: RawRequest[] = [];
  const act = (request: RawRequest) => {
    requests.push(request);
    acts[Math.min(requests.length, acts.length) - 1]?.(request);
  };
  const all = await Promise.all(Array.from({ length: count }, () => startRawBackend(stage, act)));
  return { urls: all.map(({ url }) => url), requests };
}

const answering = (status: string, content = "", fields: readonly string[] = []) => {
  return (request: RawRequest) => request.send(answer(fields, content, status));
};
const ok = answering("200 OK", "hello");
const breaking = (request: RawRequest) => request.end();
const silent = () => {};

describe("a request that failed at its backend", () => {
  test("is sent again, and the row says what was tried", async () => {
    const { urls, requests } = await rawBackends(2, [
      answering("503 Service Unavailable", "not now"),
      breaking,
      ok,
    ]);
    const gateway = await gatewayTo(urls, { retry: 3 });
    const response = await ask(`${gateway.url}/things?a=1`, { headers: { "x-test": "1" } });
    expect([response.status, await response.text()]).toEqual([200, "hello"]);
    expect(requests.map(({ lines }) => lines[0])).toEqual(
      Array(3).fill("GET /things?a=1 HTTP/1.1"),
    );
    expect(requests.map((request) => request.all("x-test"))).toEqual([["1"], ["1"], ["1"]]);
    const ids = new Set(requests.flatMap((request) => request.all("x-request-id")));
    expect(ids.size).toBe(1);
    const [row] = await gateway.waitForRows(1);
    const [first, second] = urls;
    expect(row).toMatchObject({ status_code: 200, attempts: 3, error_code: null, backend: first });
    expect(row?.attempt_outcomes).toMatch(
      new RegExp(`^${first} 503 [0-9]+ms; ${second} reset [0-9]+ms; ${first} 200 [0-9]+ms$`),
    );
  });

  test("is not sent again without `retry`, nor with a method that it does not list", async () => {
    const { urls, requests } = await rawBackends(2, [breaking]);
    const gateway = await gatewayTo(urls, {});
    expect((await problemOf(await ask(gateway.url))).code).toBe("backend_connection_closed");
    const other = await gatewayTo(urls, { retry: 3 });
    const posted = await ask(other.url, { method: "POST", body: "x" });
    expect((await problemOf(posted)).code).toBe("backend_connection_closed");
    expect(requests).toHaveLength(2);
    const [row] = await other.waitForRows(1);
    expect(row).toMatchObject({ attempts: 1, attempt_outcomes: null });
  });

  test("leaves the client the backend's last answer as it is", async () => {
    const { urls } = await rawBackends(1, [
      answering("503 Service Unavailable", "first"),
      answering("502 Bad Gateway", "second"),
      answering("503 Out of Order", "the last", ["X-Own: 3"]),
    ]);
    const gateway = await gatewayTo(urls, { retry: 3 });
    const response = await ask(gateway.url);
    expect(response.status).toBe(503);
    expect(response.headers.get("x-own")).toBe("3");
    expect(response.headers.get("content-type")).toBeNull();
    expect(await response.text()).toBe("the last");
    expect(await gateway.waitForRows(1)).toMatchObject([{ attempts: 3, error_code: null }]);
  });

  test("takes no longer than attempt_timeout at one backend", async () => {
    const { urls, requests } = await rawBackends(2, [silent, ok]);
    const gateway = await gatewayTo(urls, { retry: { attempt_timeout: "100ms" } });
    const response = await ask(gateway.url);
    expect(await response.text()).toBe("hello");
    await requests[0]?.closed;
    const [row] = await gateway.waitForRows(1);
    expect(row?.attempt_outcomes).toContain(" timeout ");
  });

  test("takes no longer than timeouts.exchange with all attempts", async () => {
    const { urls, requests } = await rawBackends(2, [silent]);
    const gateway = await gatewayTo(urls, {
      retry: { attempts: 10, attempt_timeout: "300ms" },
      timeouts: { exchange: "1s" },
    });
    expect((await problemOf(await ask(gateway.url))).status).toBe(504);
    expect(requests.length).toBeLessThan(5);
  });

  test("is given up with its client, in a pause too", async () => {
    const { urls, requests } = await rawBackends(1, [
      answering("503 Service Unavailable", "", ["Retry-After: 20"]),
    ]);
    const gateway = await gatewayTo(urls, { retry: 3 });
    const client = await connectRaw(stage, gateway.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(() => requests.length === 1);
    client.reset();
    const [row] = await gateway.waitForRows(1);
    expect(row).toMatchObject({ status_code: 499, error_code: "client_closed", attempts: 1 });
    expect(requests).toHaveLength(1);
  });

  test("passes on the interim answers of every attempt", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    const { urls } = await rawBackends(2, [
      (request) => {
        request.send(early);
        request.end();
      },
      (request) => request.send(early + answer([], "hello")),
    ]);
    const gateway = await gatewayTo(urls, { retry: 3 });
    const client = await connectRaw(stage, gateway.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until("hello");
    expect(client.received().match(/HTTP\/1\.1 [0-9]{3}/g)).toEqual([
      "HTTP/1.1 103",
      "HTTP/1.1 103",
      "HTTP/1.1 200",
    ]);
  });

  test("is a WebSocket's handshake as well, before it is accepted", async () => {
    const { urls } = await rawBackends(2, [
      answering("503 Service Unavailable"),
      (request) =>
        request.send(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        ),
    ]);
    const gateway = await gatewayTo(urls, { retry: 3 });
    const client = await connectRaw(stage, gateway.port);
    client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await client.until("HTTP/1.1 101");
  });
});

describe("the connection of an answer that is not passed on", () => {
  test.each([
    ["stays open after little content", 20_000, true],
    ["is closed with much of it", 200_000, false],
  ])("%s", async (_, size, isKept) => {
    const sockets: Socket[] = [];
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      response.writeHead(requests === 1 ? 503 : 200, { "content-length": size });
      // In two parts, so that it is not all there with the header section.
      response.write("x".repeat(size / 2));
      setTimeout(() => response.end("x".repeat(size / 2)), 5);
    });
    const port = await listen(stage, server, "connection", (socket) => sockets.push(socket));
    const gateway = await gatewayTo([`http://127.0.0.1:${port}`], { retry: 2 });
    expect((await (await ask(gateway.url)).bytes()).length).toBe(size);
    if (isKept) expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
    else await eventually(() => sockets[0]?.destroyed === true);
  });
});

describe("content", () => {
  /** Backends of which the first one reads all, or only a part, and then breaks off. */
  async function reading(readsAll: boolean) {
    const lengths: number[] = [];
    const server = createServer((request, response) => {
      const isFirst = lengths.length === 0;
      if (isFirst && !readsAll) {
        lengths.push(0);
        request.once("data", () => request.socket.destroy());
        return;
      }
      void contentOf(request).then(({ length }) => {
        lengths.push(length);
        if (isFirst) request.socket.destroy();
        else response.end(`${length}`);
      });
    });
    const port = await listen(stage, server, "connection", () => {});
    return { url: `http://127.0.0.1:${port}`, lengths };
  }

  test.each([
    ["small", 1_000, false, true],
    ["of known length", 500_000, false, true],
    ["of unknown length", 500_000, true, true],
    ["of known length that a backend has begun to read", 500_000, false, false],
    ["of unknown length that a backend has begun to read", 500_000, true, false],
  ])("%s is sent again from its first byte", async (_, size, isChunked, readsAll) => {
    const { url, lengths } = await reading(readsAll);
    const gateway = await gatewayTo([url], { retry: { max_body: "1MiB" } });
    const content = "x".repeat(size);
    const body = isChunked ? new Blob([content]).stream() : content;
    const response = await ask(gateway.url, { method: "PUT", body });
    expect([response.status, await response.text()]).toEqual([200, `${size}`]);
    expect(lengths.at(-1)).toBe(size);
    expect(await gateway.waitForRows(1)).toMatchObject([{ attempts: 2, bytes_in: size }]);
  });

  test("above max_body is sent once", async () => {
    const { url } = await reading(true);
    const gateway = await gatewayTo([url], { retry: 3 });
    for (const body of ["x".repeat(100_000), new Blob(["x".repeat(100_000)]).stream()]) {
      const response = await ask(gateway.url, { method: "PUT", body });
      if (response.ok) continue;
      expect((await problemOf(response)).code).toBe("backend_connection_closed");
    }
    const rows = await gateway.waitForRows(2);
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  test("that an HTTP/2 backend answers before it has read it goes to the next attempt whole", async () => {
    const lengths: number[] = [];
    const { origin } = await startHttp2Backend(stage, (stream) => {
      if (lengths.length === 0) {
        lengths.push(0);
        stream.respond({ ":status": 503 });
        stream.end("busy");
        return;
      }
      let length = 0;
      stream.on("data", (piece: Buffer) => {
        length += piece.length;
      });
      stream.on("end", () => {
        lengths.push(length);
        stream.respond({ ":status": 200 });
        stream.end(`${length}`);
      });
    });
    const gateway = await gatewayTo([origin], {
      protocol: "http2",
      retry: { max_body: "4MiB" },
    });
    const body = new Blob(["x".repeat(3_000_000)]).stream();
    const response = await ask(gateway.url, { method: "PUT", body });
    expect([response.status, await response.text()]).toEqual([200, "3000000"]);
    expect(lengths).toEqual([0, 3_000_000]);
    expect(await gateway.stop()).toBe(0);
  });
});

describe("a second attempt for a slow request", () => {
  test("is answered in its place, and the first one's connection is closed", async () => {
    const { urls, requests } = await rawBackends(2, [silent, ok]);
    const gateway = await gatewayTo(urls, { hedge: "50ms" });
    const response = await ask(gateway.url);
    expect(await response.text()).toBe("hello");
    await requests[0]?.closed;
    const [row] = await gateway.waitForRows(1);
    expect(row).toMatchObject({ attempts: 2, backend: urls[1], status_code: 200 });
    expect(row?.attempt_outcomes).toMatch(
      new RegExp(`^${urls[0]} outrun [0-9]+ms; ${urls[1]} 200 [0-9]+ms$`),
    );
    expect(await gateway.stop()).toBe(0);
  });

  test("is dropped when the first one answers", async () => {
    const { urls, requests } = await rawBackends(2, [
      (request) => {
        void eventually(() => requests.length === 2).then(() => ok(request));
      },
      silent,
    ]);
    const gateway = await gatewayTo(urls, { hedge: { after: "20ms" }, retry: 3 });
    expect(await (await ask(gateway.url)).text()).toBe("hello");
    await requests[1]?.closed;
    expect(await gateway.waitForRows(1)).toMatchObject([{ attempts: 2, backend: urls[0] }]);
  });
});

test("retries keep to the budget when everything fails, and clients get what the backend says", async () => {
  const { urls, requests } = await rawBackends(1, [answering("503 Service Unavailable", "busy")]);
  const gateway = await gatewayTo(urls, { retry: { attempts: 10, backoff: 0 } });
  const statuses: number[] = [];
  for (let batch = 0; batch < 10; batch += 1) {
    const asked = Array.from({ length: 10 }, () => ask(gateway.url));
    for (const response of await Promise.all(asked)) statuses.push(response.status);
  }
  expect(statuses).toEqual(Array(100).fill(503));
  // 3 a second, for ten seconds: each of 100 requests alone would have had nine more attempts.
  expect(requests.length).toBeLessThanOrEqual(130);
  expect(requests.length).toBeGreaterThan(100);
});
