import { describe, expect, test } from "bun:test";
import { AttemptError } from "../../../src/transport/attempt-error.ts";
import { Attempt } from "../../../src/transport/attempt.ts";
import { type RawBackend, startRawBackend } from "../../support/raw-backend.ts";
import { unusedPort } from "../../support/socket-server.ts";
import { createStage } from "../../support/stage.ts";
import { drip, rejection } from "../proxy/network.ts";
import {
  backendRequest,
  contentOf,
  lasting,
  type RequestChanges,
  startPool,
  startSocketBackend,
  useOnce,
} from "./support.ts";

const stage = createStage();

const POST: RequestChanges = {
  method: "POST",
  fields: ["content-length", "3"],
  body: Buffer.from("abc"),
};

async function failureOf(promise: Promise<unknown>): Promise<AttemptError> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(AttemptError);
  return error as AttemptError;
}

describe("an attempt that fails has reached nothing", () => {
  test.each(["GET", "POST"])("when the backend refuses the connection of a %s", async (method) => {
    const port = await unusedPort();
    const { send } = startPool(stage);
    expect(await failureOf(send(`http://127.0.0.1:${port}`, { method }))).toMatchObject({
      code: "backend_unreachable",
      reached: "nothing",
    });
  });

  test("when the backend's name does not resolve", async () => {
    const { send } = startPool(stage);
    expect(await failureOf(send(`http://${"x".repeat(64)}.test`))).toMatchObject({
      code: "backend_name_not_resolved",
      reached: "nothing",
    });
  });

  test.each([
    ["closes before the handshake", "", "backend_connection_closed"],
    ["does not speak TLS", "HTTP/1.1 400 Bad Request\r\n\r\n", "backend_tls_failed"],
  ])("when an https backend %s", async (_name, bytes, code) => {
    const url = await startSocketBackend(stage, (socket) => {
      socket.resume();
      socket.end(bytes);
    });
    const { send } = startPool(stage);
    const sending = send(url.replace("http", "https"), { tls: { serverName: "backend.test" } });
    expect(await failureOf(sending)).toMatchObject({ code, reached: "nothing" });
  });

  test("and its stream is still whole when nobody could be connected to", async () => {
    const { pool, clock } = startPool(stage);
    const origin = `http://127.0.0.1:${await unusedPort()}`;
    const source = drip();
    const request = { ...POST, origin, body: source.stream };
    const attempt = new Attempt(backendRequest(request, clock), 0);
    await failureOf(attempt.sendBy((sent) => pool.send(sent)));
    expect(attempt).toMatchObject({ reached: "nothing", isStreamTouched: false });
    expect(source.state.cancelled).toBeUndefined();
  });

  test("when its time is up during the handshake", async () => {
    const began = Promise.withResolvers<void>();
    const url = await startSocketBackend(stage, (socket) => {
      socket.once("data", () => began.resolve());
      socket.resume();
    });
    const { pool, clock } = startPool(stage);
    const tls = { serverName: "backend.test" };
    const origin = url.replace("http", "https");
    const attempt = new Attempt(backendRequest({ ...POST, origin, tls }, clock), 0);
    const failure = rejection(attempt.sendBy((sent) => pool.send(sent)));
    await began.promise;
    clock.advance(60_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
    expect(attempt.reached).toBe("nothing");
  });
});

describe("an attempt may have reached the backend", () => {
  test("when a fresh connection closes without an answer", async () => {
    const backend = await startRawBackend(stage, (request) => request.end());
    const { send } = startPool(stage);
    expect(await failureOf(send(backend.url, POST))).toMatchObject({
      code: "backend_connection_closed",
      reached: "maybe",
    });
  });

  test("when the answer is not HTTP", async () => {
    const backend = await startRawBackend(stage, (request) => request.send("SSH-2.0-x\r\n"));
    const { send } = startPool(stage);
    expect(await failureOf(send(backend.url))).toMatchObject({
      code: "backend_protocol_error",
      reached: "maybe",
    });
  });

  test("when its time is up after it was sent", async () => {
    const backend = await startRawBackend(stage);
    const { pool, clock } = startPool(stage);
    const attempt = new Attempt(backendRequest({ ...POST, origin: backend.url }, clock), 0);
    const coming = backend.next();
    const failure = rejection(attempt.sendBy((sent) => pool.send(sent)));
    await coming;
    clock.advance(60_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
    expect(attempt.reached).toBe("maybe");
  });

  test("when a used connection closes after the answer has begun", async () => {
    const { answering, connection } = await sendOnUsed(POST);
    connection.send("HTTP/1.1 100 Continue\r\n\r\n");
    connection.end();
    expect(await failureOf(answering)).toMatchObject({ reached: "maybe" });
  });

  test("when it was sent again on a new connection, which closes as well", async () => {
    const { answering, connection, backend } = await sendOnUsed({ method: "PUT" });
    const again = backend.next();
    connection.end();
    (await again).end();
    expect(await failureOf(answering)).toMatchObject({ reached: "maybe" });
  });
});

describe("an attempt has met a reused connection that was closing", () => {
  test("when the connection closes under a POST", async () => {
    const { answering, connection } = await sendOnUsed(POST);
    connection.end();
    expect(await failureOf(answering)).toMatchObject({
      code: "backend_connection_closed",
      reached: "reused",
    });
  });

  test("when no new one can be opened to send it again", async () => {
    const { answering, connection, backend } = await sendOnUsed({ method: "GET" });
    backend.stop();
    connection.end();
    expect(await failureOf(answering)).toMatchObject({
      code: "backend_unreachable",
      reached: "reused",
    });
  });

  test("and content that is a stream has been read from", async () => {
    const backend = await startRawBackend(stage);
    const { pool, clock, send } = startPool(stage);
    const connection = await useOnce(backend, send);
    const source = drip();
    const request = { ...POST, method: "PUT", origin: backend.url, body: source.stream };
    const attempt = new Attempt(backendRequest(request, clock), 0);
    const answering = attempt.sendBy((sent) => pool.send(sent));
    await connection.received("PUT / HTTP/1.1");
    connection.end();
    expect(await failureOf(answering)).toMatchObject({ reached: "reused" });
    expect(attempt.isStreamTouched).toBe(true);
  });
});

test("a request that was never written goes to a new connection and may reach nothing there", async () => {
  const backend = await startRawBackend(stage);
  const { send, holdTurns, releaseTurns } = startPool(stage);
  const connection = await useOnce(backend, send);
  holdTurns();
  const answering = send(backend.url, POST);
  backend.stop();
  connection.end();
  await connection.closed;
  const failure = failureOf(answering);
  releaseTurns();
  expect(await failure).toMatchObject({ code: "backend_unreachable", reached: "nothing" });
});

test("an attempt that is answered has reached its backend", async () => {
  const backend = await startRawBackend(stage, (request) => request.send(lasting("hello")));
  const { pool, clock } = startPool(stage);
  const attempt = new Attempt(backendRequest({ origin: backend.url }, clock), 0);
  expect(await contentOf(await attempt.sendBy((sent) => pool.send(sent)))).toBe("hello");
  expect(attempt.reached).toBe("maybe");
});

/** Has a request sent on a connection that has carried another one. */
async function sendOnUsed(changes: RequestChanges) {
  const backend: RawBackend = await startRawBackend(stage);
  const { send } = startPool(stage);
  const connection = await useOnce(backend, send);
  const answering = send(backend.url, { target: "/2", ...changes });
  await connection.received(" /2 HTTP/1.1");
  return { backend, connection, answering };
}
