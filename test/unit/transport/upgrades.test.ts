import { describe, expect, test } from "bun:test";
import { createServer } from "node:tls";
import type { Channel } from "../../../src/pipeline/channel.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { eventually } from "../../support/eventually.ts";
import { hasOpenssl, issuedForAll } from "../../support/certificates.ts";
import { type RawRequest, startRawBackend } from "../../support/raw-backend.ts";
import { listen } from "../../support/socket-server.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import { contentOf, lasting, startPool, streamOf, useOnce } from "./support.ts";

const stage = createStage();
const local = issuedForAll("local", "IP:127.0.0.1");

function agreement(protocol = "tcp", more: readonly string[] = []): string {
  const fields = ["Connection: Upgrade", `Upgrade: ${protocol}`, ...more];
  return `HTTP/1.1 101 UPGRADED\r\n${fields.join("\r\n")}\r\n\r\n`;
}

/** Everything that a channel reports. */
function listenTo(channel: Channel | undefined) {
  const heard = { text: "", ended: false, closed: false, drained: 0 };
  channel?.open({
    received: (bytes) => (heard.text += bytes.toString("latin1")),
    drained: () => (heard.drained += 1),
    ended: () => (heard.ended = true),
    closed: () => (heard.closed = true),
  });
  return heard;
}

async function upgraded(answer: (request: RawRequest) => void, upgrade = "tcp") {
  const backend = await startRawBackend(stage, answer);
  const { send, pool } = startPool(stage);
  const response = await send(backend.url, { method: "POST", upgrade });
  const { channel } = response;
  const [request] = backend.requests as [RawRequest];
  return { backend, pool, response, request, channel, heard: listenTo(channel) };
}

describe("an upgrade", () => {
  test("is asked for, and the connection carries bytes both ways after the 101", async () => {
    const { request, response, channel, heard } = await upgraded((seen) => {
      seen.send(agreement("TCP", ["X-A: 1", "Set-Cookie: a", "Set-Cookie: b"]));
    }, "websocket, tcp");
    expect(request.all("connection")).toEqual(["Upgrade"]);
    expect(request.all("upgrade")).toEqual(["websocket, tcp"]);
    expect(response).toMatchObject({ status: 101, statusText: "UPGRADED", upgrade: "TCP" });
    expect(response.fields.list.map(({ line }) => line)).toEqual([
      "X-A: 1\r\n",
      "Set-Cookie: a\r\n",
      "Set-Cookie: b\r\n",
    ]);
    expect(channel?.write(Buffer.from("hello"))).toBe(true);
    await request.received("hello");
    request.send("you");
    await eventually(() => heard.text === "you");
  });

  test("loses nothing of what comes in the packet of the 101", async () => {
    const { heard, request } = await upgraded((seen) => seen.send(`${agreement()}early`));
    expect(heard.text).toBe("early");
    request.send(", late");
    await eventually(() => heard.text === "early, late");
  });

  test("passes on that one side has ended while the other still sends", async () => {
    const { channel, heard, request } = await upgraded((seen) => seen.send(agreement()));
    request.end();
    await eventually(() => heard.ended);
    expect(heard.closed).toBe(false);
    channel?.write(Buffer.from("still here"));
    await request.received("still here");
    channel?.end();
    await eventually(() => heard.closed);
    await request.closed;
  });

  test("takes its connection out of the pool", async () => {
    const { backend, pool, request, channel } = await upgraded((seen) => seen.send(agreement()));
    pool.close();
    channel?.write(Buffer.from("a"));
    await request.received("a");
    expect(backend.requests).toHaveLength(1);
    channel?.cut();
    await request.closed;
  });

  test("may come by a connection that was used before", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const connection = await useOnce(backend, send);
    const answering = send(backend.url, { upgrade: "tcp" });
    await connection.received("upgrade: tcp");
    connection.send(agreement());
    const heard = listenTo((await answering).channel);
    connection.send("hello");
    await eventually(() => heard.text === "hello");
  });

  test("that is refused is answered like any request, and the connection stays", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const coming = backend.next();
    const answering = send(backend.url, { upgrade: "websocket" });
    const connection = await coming;
    connection.send(lasting("no"));
    const answer = await answering;
    expect(answer).toMatchObject({ status: 200, channel: undefined });
    expect(await contentOf(answer)).toBe("no");
    const again = send(backend.url);
    await connection.received("GET / HTTP/1.1\r\n");
    connection.send(lasting());
    expect((await again).status).toBe(200);
    expect(backend.requests).toHaveLength(1);
  });

  test.each([
    ["nobody asked for", undefined, agreement("tcp")],
    ["is to another protocol", "websocket", agreement("tcp")],
    ["does not say to what", "tcp", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ])("that %s is not valid", async (_name, upgrade, said) => {
    const backend = await startRawBackend(stage, (request) => request.send(said));
    const { send } = startPool(stage);
    expect(await rejection(send(backend.url, { upgrade }))).toMatchObject({
      code: "backend_protocol_error",
      message: "the backend's answer is not valid HTTP: an unrequested 101",
    });
    await backend.requests[0]?.closed;
  });

  test("before the end of the request is not valid", async () => {
    const backend = await startRawBackend(stage, (request) => request.send(agreement()));
    const { send } = startPool(stage);
    const body = new ReadableStream<Uint8Array>();
    const failure = await rejection(send(backend.url, { method: "POST", upgrade: "tcp", body }));
    expect(failure).toMatchObject({ code: "backend_protocol_error" });
  });

  test("may follow the content of its request", async () => {
    const backend = await startRawBackend(stage, (request) => {
      void request.received("0\r\n\r\n").then(() => request.send(`${agreement()}started`));
    });
    const { send } = startPool(stage);
    const { stream: body } = streamOf([Buffer.from("{}")]);
    const answer = await send(backend.url, { method: "POST", upgrade: "tcp", body });
    const heard = listenTo(answer.channel);
    await eventually(() => heard.text === "started");
  });

  test("that nobody takes over ends with its attempt", async () => {
    const cancellation = new Cancellation();
    const backend = await startRawBackend(stage, (request) => request.send(agreement()));
    const { send } = startPool(stage);
    await send(backend.url, { upgrade: "tcp", cancellation });
    cancellation.cancel(new GatewayError("client_closed", "gone"));
    await backend.requests[0]?.closed;
  });

  test("of a backend that breaks off says so", async () => {
    const { channel, heard, request } = await upgraded((seen) => seen.send(agreement()));
    request.end();
    await eventually(() => heard.ended);
    channel?.cut();
    await request.closed;
  });

  test("does not read on while it is paused", async () => {
    const { channel, heard, request } = await upgraded((seen) => seen.send(agreement()));
    request.send("a");
    await eventually(() => heard.text === "a");
    channel?.pause();
    request.send("b");
    channel?.write(Buffer.from("c"));
    await request.received("c");
    expect(heard.text).toBe("a");
    channel?.resume();
    await eventually(() => heard.text === "ab");
  });
});

test.skipIf(!hasOpenssl)(
  "an upgrade over TLS passes bytes and ends on like any other",
  async () => {
    const server = createServer({ cert: local.cert, key: local.key, allowHalfOpen: true });
    let received = "";
    const port = await listen(stage, server, "secureConnection", (socket) => {
      socket.once("data", () => {
        socket.write(`${agreement()}early`);
        socket.on("data", (bytes: Buffer) => (received += bytes.toString()));
        socket.on("end", () => socket.end("last words"));
      });
    });
    const { send } = startPool(stage);
    const tls = { serverName: "", ca: local.ca };
    const { channel } = await send(`https://127.0.0.1:${port}`, { upgrade: "tcp", tls });
    const heard = listenTo(channel);
    channel?.write(Buffer.from("hello"));
    channel?.end();
    await eventually(() => heard.closed);
    expect(received).toBe("hello");
    expect(heard.text).toBe("earlylast words");
  },
);
