import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { answer, startRawBackend } from "../../support/raw-backend.ts";
import { flat } from "../../support/fields.ts";
import { createStage } from "../../support/stage.ts";
import { rejection, turn } from "../proxy/network.ts";
import { contentOf, lasting, startPool, startSocketBackend, useOnce } from "./support.ts";

const stage = createStage();

describe("a pool of connections", () => {
  test("sends a request as it is and hands its answer on", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer(["X-A: 1", "Keep-Alive: timeout=5"], "hello", "203 Non-Authoritative"));
    });
    const { clock, send } = startPool(stage);
    const received = await send(backend.url, {
      method: "OPTIONS",
      target: "/a?b=%20",
      fields: ["host", "example.org", "x-b", "caf\u00E9"],
    });
    expect(received).toMatchObject({ status: 203, statusText: "Non-Authoritative" });
    expect(flat(received.fields.list)).toEqual(["content-length", "5", "x-a", "1"]);
    expect(await contentOf(received)).toBe("hello");
    expect(backend.requests[0]?.lines).toEqual([
      "OPTIONS /a?b=%20 HTTP/1.1",
      "host: example.org",
      "x-b: caf\u00E9",
    ]);
    expect(clock.pending).toBe(0);
  });

  test("uses a connection again", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const connection = await useOnce(backend, send);
    for (const target of ["/2", "/3"]) {
      const answering = send(backend.url, { target });
      await connection.received(
        `GET ${target} HTTP/1.1\r\nhost: ${new URL(backend.url).host}\r\n\r\n`,
      );
      connection.send(lasting(target));
      expect(await contentOf(await answering)).toBe(target);
    }
    expect(backend.requests).toHaveLength(1);
  });

  test("opens two for two requests at a time, and uses the one that was used last", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const answering = [send(backend.url, { target: "/0" }), send(backend.url, { target: "/1" })];
    while (backend.requests.length < 2) await backend.next();
    for (const index of [0, 1]) {
      const target = `GET /${index} HTTP/1.1`;
      backend.requests.find(({ lines }) => lines[0] === target)!.send(lasting(`${index}`));
      expect(await contentOf(await answering[index]!)).toBe(`${index}`);
    }
    const last = backend.requests.find(({ lines }) => lines[0] === "GET /1 HTTP/1.1")!;
    const third = send(backend.url, { target: "/2" });
    await last.received("GET /2 ");
    last.send(lasting("2"));
    expect(await contentOf(await third)).toBe("2");
    expect(backend.requests).toHaveLength(2);
  });

  test("keeps the backends apart", async () => {
    const backends = [await startRawBackend(stage), await startRawBackend(stage)];
    const { send } = startPool(stage);
    for (const backend of backends) await useOnce(backend, send);
    expect(backends.map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  test("closes a connection that has been idle for 4 s", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const connection = await useOnce(backend, send);
    clock.advance(3_999);
    const answering = send(backend.url, { target: "/2" });
    await connection.received("GET /2 ");
    clock.advance(4_000);
    connection.send(lasting());
    await answering;
    clock.advance(3_999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await connection.closed;
    expect(clock.pending).toBe(0);
    await useOnce(backend, send);
    expect(backend.requests).toHaveLength(2);
  });

  test("closes idle connections when it is closed itself, and the rest continues", async () => {
    const backend = await startRawBackend(stage);
    const { clock, pool, send } = startPool(stage);
    const coming = backend.next();
    const answering = send(backend.url, { target: "/busy" });
    const busy = await coming;
    const idle = await useOnce(backend, send);
    pool.close();
    await idle.closed;
    expect(clock.pending).toBe(1);
    busy.send(answer([], "done"));
    expect(await contentOf(await answering)).toBe("done");
    await busy.closed;
    expect(clock.pending).toBe(0);
  });
});

describe("a backend", () => {
  test("whose port nobody listens on is unreachable", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const { origin } = server.url;
    await server.stop(true);
    const { clock, send } = startPool(stage);
    expect(await rejection(send(origin))).toMatchObject({ code: "backend_unreachable" });
    expect(clock.pending).toBe(0);
    expect(await rejection(send(origin))).toMatchObject({ code: "backend_unreachable" });
  });

  test("with an unknown name is reported as such", async () => {
    const { send } = startPool(stage);
    expect(await rejection(send(`http://${"x".repeat(64)}.test:9001`))).toMatchObject({
      code: "backend_name_not_resolved",
    });
  });

  test("may have an IPv6 address", async () => {
    const server = Bun.serve({ port: 0, hostname: "::1", fetch: () => new Response("six") });
    stage.defer(() => server.stop(true));
    const { send } = startPool(stage);
    expect(await contentOf(await send(`http://[::1]:${server.port}`))).toBe("six");
  });

  test("gets nothing of a request that HTTP cannot carry", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const failure = rejection(send(backend.url, { fields: ["x-a", "\u010D\u010A"] }));
    expect(await failure).toMatchObject({ code: "bad_request" });
    await useOnce(backend, send);
    expect(backend.requests).toHaveLength(1);
  });
});

describe("an attempt that is broken off", () => {
  const reason = new GatewayError("client_closed", "gone");

  test("before its connection is open sends nothing", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const pieces: Buffer[] = [];
    const url = await startSocketBackend(stage, (socket) => {
      socket.on("data", (piece: Buffer) => pieces.push(piece));
      socket.on("close", resolve);
      socket.resume();
    });
    const { clock, send } = startPool(stage);
    const cancellation = new Cancellation();
    const failure = rejection(send(url, { cancellation }));
    cancellation.cancel(reason);
    expect(await failure).toBe(reason);
    await closed;
    expect(pieces).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("before the answer closes the connection", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const cancellation = new Cancellation();
    const coming = backend.next();
    const failure = rejection(send(backend.url, { cancellation }));
    const { closed } = await coming;
    cancellation.cancel(reason);
    expect(await failure).toBe(reason);
    await closed;
    expect(clock.pending).toBe(0);
  });

  test("for its timeout closes the connection", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const coming = backend.next();
    const failure = rejection(send(backend.url));
    const { closed } = await coming;
    clock.advance(5_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
    await closed;
  });

  test("in the middle of its content closes the connection, and the reader gets the reason", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    });
    const { send } = startPool(stage);
    const cancellation = new Cancellation();
    const reader = (await send(backend.url, { cancellation })).content!;
    await reader.read();
    const next = rejection(reader.read());
    cancellation.cancel(reason);
    expect(await next).toBe(reason);
    await backend.requests[0]!.closed;
  });

  test("when it is over leaves the connection to the next one", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const cancellation = new Cancellation();
    const connection = await useOnce(backend, (origin) => send(origin, { cancellation }));
    const second = send(backend.url, { target: "/2" });
    await connection.received("GET /2 ");
    cancellation.cancel(reason);
    await turn();
    connection.send(lasting("two"));
    expect(await contentOf(await second)).toBe("two");
  });

  test("by its reader closes the connection", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\n\r\nabc");
    });
    const { send } = startPool(stage);
    const reader = (await send(backend.url)).content!;
    await reader.read();
    await reader.cancel(undefined);
    await backend.requests[0]!.closed;
  });
});
