import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { answer, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { drip, rejection } from "../proxy/network.ts";
import { contentOf, isUsedAgain, lasting, startPool, streamOf, useOnce } from "./support.ts";

const stage = createStage();

const textStream = (...pieces: string[]) =>
  streamOf(pieces.map((text) => Buffer.from(text))).stream;

describe("a request's content", () => {
  test("of unknown length goes in chunks, and none of them is empty", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const coming = backend.next();
    const answering = send(backend.url, {
      method: "POST",
      body: textStream("abc", "", "0123456789abcdef", ""),
    });
    const request = await coming;
    expect(request.all("transfer-encoding")).toEqual(["chunked"]);
    expect(request.all("content-length")).toEqual([]);
    await request.received("3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    request.send(lasting("done"));
    expect(await contentOf(await answering)).toBe("done");
  });

  test.each([
    ["a stream", textStream("ab", "", "\r\n0\r\n")],
    ["one piece", Buffer.from("ab\r\n0\r\n")],
  ])("of known length goes as it is, as %s", async (_name, body) => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const coming = backend.next();
    const fields = ["content-length", "7", "x-a", "caf\u00E9"];
    const answering = send(backend.url, { method: "POST", fields, body });
    const request = await coming;
    expect(request.all("transfer-encoding")).toEqual([]);
    expect(request.all("content-length")).toEqual(["7"]);
    expect(request.all("x-a")).toEqual(["caf\u00E9"]);
    await request.received("ab\r\n0\r\n");
    request.send(lasting("done"));
    expect(await contentOf(await answering)).toBe("done");
    const again = () => send(backend.url, { target: "/2" });
    await isUsedAgain(request, again, "ab\r\n0\r\nGET /2 HTTP/1.1\r\n");
  });

  test("that is empty goes as nothing", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const fields = ["content-length", "0"];
    const body = new Uint8Array(0);
    const connection = await useOnce(backend, (url) => send(url, { method: "POST", fields, body }));
    const again = () => send(backend.url, { method: "POST", body: textStream() });
    await isUsedAgain(connection, again, "transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
  });

  test("is streamed", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const source = drip();
    const coming = backend.next();
    const answering = send(backend.url, { method: "POST", body: source.stream });
    const request = await coming;
    source.chunk(2);
    await request.received("2\r\n\0\0\r\n");
    source.chunk(3);
    await request.received("3\r\n\0\0\0\r\n");
    source.end();
    await request.received("0\r\n\r\n");
    request.send(lasting());
    expect((await answering).status).toBe(200);
    await isUsedAgain(request, () => send(backend.url, { target: "/2" }), "GET /2 ");
    expect(source.state.cancelled).toBeUndefined();
  });

  test("may end after the answer has begun, and the connection is used again", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const source = drip();
    const coming = backend.next();
    const answering = send(backend.url, { method: "POST", body: source.stream });
    const request = await coming;
    request.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    const content = contentOf(await answering);
    source.chunk(1);
    source.end();
    await request.received("1\r\n\0\r\n0\r\n\r\n");
    request.send("def");
    expect(await content).toBe("abcdef");
    await isUsedAgain(request, () => send(backend.url, { target: "/2" }), "GET /2 ");
  });

  test("that has not ended when the answer has is cancelled, and the connection closed", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const source = drip();
    const coming = backend.next();
    const answering = send(backend.url, { method: "POST", body: source.stream });
    const request = await coming;
    source.chunk(3);
    await request.received("3\r\n");
    request.send(lasting("enough"));
    expect(await contentOf(await answering)).toBe("enough");
    expect(source.state.cancelled).toBeDefined();
    await request.closed;
    await useOnce(backend, send);
    expect(backend.requests).toHaveLength(2);
    expect(clock.pending).toBe(1);
  });

  test("that has not ended when the backend closes is cancelled", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const source = drip();
    const coming = backend.next();
    const failure = rejection(send(backend.url, { method: "POST", body: source.stream }));
    (await coming).end();
    expect(await failure).toMatchObject({ code: "backend_connection_closed" });
    expect(source.state.cancelled).toBeDefined();
  });

  test("that breaks off fails the attempt with its own reason and closes the connection", async () => {
    const backend = await startRawBackend(stage);
    const { clock, send } = startPool(stage);
    const source = drip();
    const coming = backend.next();
    const failure = rejection(send(backend.url, { method: "POST", body: source.stream }));
    const request = await coming;
    source.chunk(3);
    await request.received("3\r\n");
    const reason = new GatewayError("body_too_large", "over 3 bytes");
    source.break(reason);
    expect(await failure).toBe(reason);
    await request.closed;
    expect(clock.pending).toBe(0);
  });

  test("that breaks off after the answer's header section breaks the answer off", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    });
    const { send } = startPool(stage);
    const source = drip();
    const content = contentOf(await send(backend.url, { method: "POST", body: source.stream }));
    const reason = new GatewayError("client_closed", "gone");
    source.break(reason);
    expect(await rejection(content)).toBe(reason);
    await backend.requests[0]!.closed;
  });

  test("is cancelled when the attempt is broken off", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const source = drip();
    const cancellation = new Cancellation();
    const coming = backend.next();
    const failure = rejection(
      send(backend.url, { method: "POST", body: source.stream, cancellation }),
    );
    const request = await coming;
    const reason = new GatewayError("client_closed", "gone");
    cancellation.cancel(reason);
    expect(await failure).toBe(reason);
    expect(source.state.cancelled).toBeDefined();
    await request.closed;
  });

  test("may be met by an answer that ends with its connection", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer([], "no", "413 Content Too Large"));
      request.end();
    });
    const { send } = startPool(stage);
    const source = drip();
    const received = await send(backend.url, { method: "POST", body: source.stream });
    expect(received.status).toBe(413);
    expect(await contentOf(received)).toBe("no");
    expect(source.state.cancelled).toBeDefined();
  });
});
