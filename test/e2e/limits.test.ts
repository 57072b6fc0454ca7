import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

test.each(["server", "backend"])(
  "requests beyond max_in_flight of the %s are answered 503 until there is room",
  async (level) => {
    const backend = await startRawBackend(stage);
    const full = { url: backend.url, max_in_flight: 1 };
    const gateway = await startGateway(stage, {
      server: level === "server" ? { max_in_flight: 1 } : {},
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [level === "backend" ? full : backend.url] }],
    });
    const arrived = backend.next();
    const held = ask(`${gateway.url}/held`);
    const request = await arrived;

    const refused = await ask(`${gateway.url}/beyond`);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: "overloaded" });

    request.send(answer([], "done"));
    request.end();
    expect(await (await held).text()).toBe("done");
    await gateway.waitForRows(2);
    const next = backend.next();
    const after = ask(`${gateway.url}/after`);
    const last = await next;
    last.send(answer([], "done"));
    last.end();
    expect((await after).status).toBe(200);
    expect(backend.requests.map(({ lines }) => lines[0])).toEqual([
      "GET /held HTTP/1.1",
      "GET /after HTTP/1.1",
    ]);
  },
);

test("a full backend's requests go to the route's others", async () => {
  const first = await startRawBackend(stage);
  const second = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [{ url: first.url, max_in_flight: 1 }, second.url] }],
  });
  const arrived = first.next();
  const held = [1, 2].map(() => ask(`${gateway.url}/api/users/1`).catch(() => undefined));
  await arrived;

  for (let sent = 0; sent < 4; sent += 1) {
    expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
  }

  expect(first.requests).toHaveLength(1);
  first.requests[0]?.end();
  await Promise.all(held);
});

test("an answer that is still being streamed counts as in flight", async () => {
  const backend = await startRawBackend(stage, (request) =>
    request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n"),
  );
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [{ url: backend.url, max_in_flight: 1 }] }],
  });
  const streaming = await ask(`${gateway.url}/stream`);

  expect((await ask(`${gateway.url}/beyond`)).status).toBe(503);

  backend.requests[0]?.send("0\r\n\r\n");
  backend.requests[0]?.end();
  expect(await streaming.text()).toBe("begin");
  await gateway.waitForRows(2);
  expect((await ask(`${gateway.url}/after`)).status).toBe(200);
});

test("max_body_size of a route stands in place of the server's, for chunks too", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    server: { max_body_size: "1KiB" },
    health_check: noHealthChecks,
    routes: [
      { path: "/echo/large", backends: [mock.url], max_body_size: "200KiB" },
      { path: "/*", backends: [mock.url] },
    ],
  });
  const post = (path: string, bytes: number, chunked: boolean) => {
    const content = "x".repeat(bytes);
    return chunked
      ? askRaw(
          gateway.port,
          [`POST ${path} HTTP/1.1`, "Host: gateway", "Transfer-Encoding: chunked"],
          `${bytes.toString(16)}\r\n${content}\r\n0\r\n\r\n`,
        )
      : askRaw(
          gateway.port,
          [`POST ${path} HTTP/1.1`, "Host: gateway", `Content-Length: ${bytes}`],
          content,
        );
  };

  for (const chunked of [false, true]) {
    expect(await post("/echo", 1024, chunked)).toMatchObject({ status: 200 });
    expect(await post("/echo/large", 200 * 1024, chunked)).toMatchObject({ status: 200 });
    for (const [path, bytes] of [
      ["/echo", 1025],
      ["/echo/large", 200 * 1024 + 1],
    ] as const) {
      const refused = await post(path, bytes, chunked);
      expect(refused.status).toBe(413);
      expect(JSON.parse(refused.content)).toMatchObject({ code: "body_too_large" });
    }
  }
});

test("an answer keeps its Content-Length, however long it is", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  const get = (bytes: number) =>
    askRaw(gateway.port, [`GET /bytes/${bytes} HTTP/1.1`, "Host: gateway"]);

  const short = await get(10_240);
  expect(short.all("content-length")).toEqual(["10240"]);
  expect(short.all("transfer-encoding")).toEqual([]);
  const long = await get(200_000);
  expect(long.all("content-length")).toEqual(["200000"]);
  expect(long.all("transfer-encoding")).toEqual([]);
  expect([short.content.length, long.content.length]).toEqual([10_240, 200_000]);
});
