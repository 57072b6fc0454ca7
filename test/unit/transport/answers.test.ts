import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { rejection, turn } from "../proxy/network.ts";
import {
  contentOf,
  lasting,
  numbered,
  piecesOf,
  standstill,
  startPool,
  startSocketBackend,
  useOnce,
} from "./support.ts";

const stage = createStage();

describe("an answer over a connection", () => {
  test("is handed on with its header section, before its content", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    });
    const { clock, send } = startPool(stage);
    const answer = await send(backend.url);
    expect(clock.pending).toBe(0);
    const content = contentOf(answer);
    backend.requests[0]!.send("3\r\nabc\r\n");
    backend.requests[0]!.send("2\r\nde\r\n0\r\n\r\n");
    expect(await content).toBe("abcde");
  });

  test.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"],
    ["HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
  ])("to %s that is %p has no content, and the connection is used again", async (method, bytes) => {
    const backend = await startRawBackend(stage, (request) => request.send(bytes));
    const { send } = startPool(stage);
    const answer = await send(backend.url, { method });
    expect(answer.content).toBeUndefined();
    const second = send(backend.url, { target: "/2" });
    await backend.requests[0]!.received("GET /2 ");
    backend.requests[0]!.send(lasting("two"));
    expect(await contentOf(await second)).toBe("two");
  });

  test("may have interim ones before it, which go nowhere", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      request.send(lasting("final"));
    });
    const { send } = startPool(stage);
    const answer = await send(backend.url);
    expect(answer.status).toBe(200);
    expect(answer.fields.has("link")).toBe(false);
    expect(await contentOf(answer)).toBe("final");
  });

  test.each([
    ["SSH-2.0-OpenSSH_9.6\r\n", "the first line is not a status line"],
    ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "an unrequested 101"],
    ["HTTP/1.1 200 OK\r\nX-A\r\n\r\n", "a line that is not a field"],
    ["HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\n", "a control character in the header section"],
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "two different Content-Length fields",
    ],
    [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
      "a chunk size that is not a number",
    ],
  ])("that is %p is malformed", async (bytes, problem) => {
    const backend = await startRawBackend(stage, (request) => request.send(bytes));
    const { clock, send } = startPool(stage);
    expect(await rejection(send(backend.url))).toMatchObject({
      code: "backend_protocol_error",
      message: `the backend's answer is not valid HTTP: ${problem}`,
    });
    await backend.requests[0]!.closed;
    expect(clock.pending).toBe(0);
  });

  test("on a used connection can be malformed as well, and is asked for only once", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const connection = await useOnce(backend, send);
    const failure = rejection(send(backend.url, { target: "/2" }));
    await connection.received("GET /2 ");
    connection.send("nonsense");
    expect(await failure).toMatchObject({ code: "backend_protocol_error" });
    await connection.closed;
    expect(backend.requests).toHaveLength(1);
  });

  test("whose chunks turn out malformed breaks off", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    });
    const { send } = startPool(stage);
    const reader = (await send(backend.url)).content!;
    expect((await reader.read()).value).toEqual(Buffer.from("abc"));
    backend.requests[0]!.send("nonsense\r\n");
    expect(await rejection(reader.read())).toMatchObject({
      code: "backend_protocol_error",
      message: "the backend's answer is not valid HTTP: a chunk size that is not a number",
    });
    await backend.requests[0]!.closed;
  });

  test.each(["Content-Length: 9", "Transfer-Encoding: chunked"])(
    "with %s whose connection closes too early breaks off",
    async (field) => {
      const backend = await startRawBackend(stage, (request) => {
        request.send(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n3\r\nabc`);
      });
      const { send } = startPool(stage);
      const reader = (await send(backend.url)).content!;
      expect((await reader.read()).done).toBe(false);
      const failure = rejection(reader.read());
      backend.requests[0]!.end();
      expect(await failure).toMatchObject({ code: "ECONNRESET" });
    },
  );

  test("of unknown length whose connection is reset breaks off", async () => {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const url = await startSocketBackend(stage, (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\nabc");
      resolve(socket);
    });
    const { send } = startPool(stage);
    const reader = (await send(url)).content!;
    expect((await reader.read()).done).toBe(false);
    const failure = rejection(reader.read());
    (await promise).resetAndDestroy();
    expect(await failure).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("content of some megabytes", () => {
  const CONTENT = numbered(24);

  test.each([
    ["whose length is known", `Content-Length: ${CONTENT.length}\r\n`, false],
    [
      "before the connection's end, whose length is known",
      `Content-Length: ${CONTENT.length}\r\n`,
      true,
    ],
    ["that ends with the connection", "", true],
  ])("%s waits at the backend until it is read, and comes whole", async (_name, field, isEnded) => {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const url = await startSocketBackend(stage, (socket) => {
      socket.resume();
      socket.write(`HTTP/1.1 200 OK\r\n${field}\r\n`);
      socket.write(CONTENT);
      if (isEnded) socket.end();
      resolve(socket);
    });
    const { send } = startPool(stage);
    const answer = await send(url);
    const socket = await promise;
    await standstill(() => socket.writableLength);
    expect(socket.writableLength).toBeGreaterThan(0);
    const content = Buffer.concat(await piecesOf(answer.content!));
    expect(content.equals(CONTENT)).toBe(true);
  });

  test("of which a part waits is all there though the backend has closed the connection", async () => {
    const content = CONTENT.subarray(0, 600_000);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const url = await startSocketBackend(stage, (socket) => {
      socket.on("close", resolve);
      // With the request unread, to close would be to reset.
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.write(content);
        socket.destroySoon();
      });
      socket.resume();
    });
    const { send } = startPool(stage);
    const answer = await send(url);
    await closed;
    await turn();
    expect(Buffer.concat(await piecesOf(answer.content!)).equals(content)).toBe(true);
  });

  test("that nobody wants any more closes the connection, though it waits", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const url = await startSocketBackend(stage, (socket) => {
      socket.resume();
      socket.on("close", resolve);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\n\r\n`);
      socket.write(CONTENT);
    });
    const { send } = startPool(stage);
    const reader = (await send(url)).content!;
    await reader.read();
    await reader.cancel(undefined);
    await closed;
  });

  test("that was waited for leaves a connection that is used again", async () => {
    const content = CONTENT.subarray(0, 600_000);
    let connections = 0;
    const url = await startSocketBackend(stage, (socket) => {
      connections += 1;
      socket.on("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
        socket.write(content);
      });
      socket.resume();
    });
    const { send } = startPool(stage);
    for (let round = 0; round < 3; round += 1) {
      const answer = await send(url);
      await turn();
      expect(content.equals(await answer.content!.whole(content.length))).toBe(true);
    }
    expect(connections).toBe(1);
  });
});
