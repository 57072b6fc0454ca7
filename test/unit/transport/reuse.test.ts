import { describe, expect, test } from "bun:test";
import { answer, type RawRequest, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import {
  contentOf,
  lasting,
  type RequestChanges,
  startPool,
  startSocketBackend,
  useOnce,
} from "./support.ts";

const stage = createStage();

describe("an idle connection", () => {
  test("that its backend closes is not used again", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const connection = await useOnce(backend, send);
    connection.end();
    await connection.closed;
    expect(clock.pending).toBe(0);
    await useOnce(backend, send);
    expect(backend.requests).toHaveLength(2);
  });

  test("is closed when something comes that nobody asked for", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const connection = await useOnce(backend, send);
    connection.send(lasting("poison"));
    await connection.closed;
    expect(clock.pending).toBe(0);
    const next = backend.next();
    const answering = send(backend.url);
    (await next).send(lasting("mine"));
    expect(await contentOf(await answering)).toBe("mine");
  });
});

describe("a request that waits for the end of the turn", () => {
  test.each([
    ["closes", (connection: RawRequest) => connection.end()],
    ["sends what nobody has asked for", (connection: RawRequest) => connection.send(lasting("no"))],
  ])("is sent on another connection when its own %s, a POST too", async (_name, happen) => {
    const backend = await startRawBackend(stage);
    const { send, holdTurns, releaseTurns } = startPool(stage);
    const connection = await useOnce(backend, send);
    holdTurns();
    const coming = backend.next();
    const answering = send(backend.url, {
      method: "POST",
      fields: ["content-length", "3"],
      body: new Uint8Array(3),
    });
    happen(connection);
    await connection.closed;
    releaseTurns();
    (await coming).send(lasting("mine"));
    expect(await contentOf(await answering)).toBe("mine");
    expect(backend.requests).toHaveLength(2);
  });
});

describe("a connection that closes before a byte of the answer", () => {
  /** Has a second request sent on a used connection, which the backend then closes. */
  async function meetClosing(changes: RequestChanges, begun = "") {
    const backend = await startRawBackend(stage);
    const pool = startPool(stage);
    const connection = await useOnce(backend, pool.send);
    const coming = backend.next();
    const answering = pool.send(backend.url, { target: "/2", ...changes });
    await connection.received(" /2 HTTP/1.1");
    if (begun !== "") connection.send(begun);
    connection.end();
    return { backend, answering, coming, clock: pool.clock };
  }

  test.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])(
    "has %s sent again on a new one",
    async (method) => {
      const { answering, coming, clock, backend } = await meetClosing({ method });
      const again = await coming;
      expect(again.lines[0]).toBe(`${method} /2 HTTP/1.1`);
      again.send(answer([]));
      expect((await answering).status).toBe(200);
      await again.closed;
      expect(backend.requests).toHaveLength(2);
      expect(clock.pending).toBe(0);
    },
  );

  test("has content sent again that is at hand", async () => {
    const { answering, coming } = await meetClosing({
      method: "PUT",
      fields: ["content-length", "3"],
      body: Buffer.from("abc"),
    });
    const again = await coming;
    await again.received("abc");
    again.send(lasting("done"));
    expect(await contentOf(await answering)).toBe("done");
  });

  test("has the request sent again only once", async () => {
    const { answering, coming, backend } = await meetClosing({});
    (await coming).end();
    expect(await rejection(answering)).toMatchObject({ code: "backend_connection_closed" });
    expect(backend.requests).toHaveLength(2);
  });

  test.each([
    ["POST", { method: "POST" }],
    ["PATCH", { method: "PATCH" }],
    ["PUT whose content is a stream", { method: "PUT", body: new Response("abc").body }],
  ])("has no %s sent again", async (_name, changes) => {
    const { answering, backend, clock } = await meetClosing(changes);
    expect(await rejection(answering)).toMatchObject({ code: "backend_connection_closed" });
    expect(backend.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("has nothing sent again when it is a fresh one", async () => {
    const backend = await startRawBackend(stage, (request) => request.end());
    const { clock, send } = startPool(stage);
    expect(await rejection(send(backend.url))).toMatchObject({
      code: "backend_connection_closed",
      message: "the backend closed the connection without an answer",
    });
    expect(backend.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test.each(["H", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 100 Continue\r\n\r\n"])(
    "is not one that has sent %p",
    async (begun) => {
      const { answering, backend } = await meetClosing({}, begun);
      expect(await rejection(answering)).toMatchObject({ code: "backend_connection_closed" });
      expect(backend.requests).toHaveLength(1);
    },
  );
});

describe("a connection is not used again", () => {
  test.each([
    ["Connection: close", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ["bytes behind it", `${lasting("abc")}${lasting("poison")}`],
    [
      "bytes after its last chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nH",
    ],
  ])("behind an answer with %s", async (_name, bytes) => {
    const backend = await startRawBackend(stage, (request) => request.send(bytes));
    const { clock, send } = startPool(stage);
    expect(await contentOf(await send(backend.url))).toBe("abc");
    await backend.requests[0]!.closed;
    expect(await contentOf(await send(backend.url))).toBe("abc");
    expect(backend.requests).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test("after content that ends with it", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\n\r\nabc");
      request.end();
    });
    const { clock, send } = startPool(stage);
    expect(await contentOf(await send(backend.url))).toBe("abc");
    await backend.requests[0]!.closed;
    expect(clock.pending).toBe(0);
  });

  test("though its backend does not close its own side", async () => {
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const url = await startSocketBackend(stage, (socket) => {
      socket.allowHalfOpen = true;
      socket.on("end", resolve);
      socket.resume();
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    });
    const { send } = startPool(stage);
    expect(await contentOf(await send(url))).toBe("abc");
    await gone;
  });
});
