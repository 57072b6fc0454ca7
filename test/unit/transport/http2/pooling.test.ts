import { describe, expect, test } from "bun:test";
import type { ServerHttp2Stream } from "node:http2";
import { Cancellation } from "../../../../src/pipeline/cancellation.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { Repeatable } from "../../../../src/proxy/repeatable.ts";
import { ErrorCode } from "../../../../src/wire/http2/error-code.ts";
import { eventually } from "../../../support/eventually.ts";
import { startSocketServer, unusedPort } from "../../../support/socket-server.ts";
import { createStage } from "../../../support/stage.ts";
import { rejection } from "../../proxy/network.ts";
import {
  endless,
  type FakeStream,
  handedOver,
  http2At,
  startFakeBackend,
  startHttp2Backend,
  startPool,
  textOf,
} from "./support.ts";

const stage = createStage();

/** A backend whose streams wait until a test answers them. */
async function startWaitingBackend(settings: { maxConcurrentStreams?: number } = {}) {
  const streams: ServerHttp2Stream[] = [];
  const backend = await startHttp2Backend(stage, (stream) => streams.push(stream), settings);
  const answer = (index: number, text = "done") => {
    streams[index]?.respond({ ":status": 200 });
    streams[index]?.end(text);
  };
  return { ...backend, streams, answer };
}

describe("sessions with a backend", () => {
  test("carry many requests at a time on one connection", async () => {
    const { origin, sessions, streams, answer } = await startWaitingBackend();
    const { send } = startPool(stage);
    const to = http2At(origin);
    const sending = Array.from({ length: 50 }, () => send(to));
    await eventually(() => streams.length === 50);
    expect(sessions).toHaveLength(1);
    for (const index of streams.keys()) answer(index);
    for (const one of sending) expect(await textOf(await one)).toBe("done");
  });

  test("are as many as the backend's limit on streams needs", async () => {
    const { origin, sessions, streams, answer } = await startWaitingBackend({
      maxConcurrentStreams: 2,
    });
    const { send } = startPool(stage);
    const to = http2At(origin);
    const sending = Array.from({ length: 5 }, () => send(to));
    await eventually(() => streams.length === 5);
    expect(sessions).toHaveLength(3);
    for (const index of streams.keys()) answer(index);
    await Promise.all(sending.map(async (one) => textOf(await one)));
    const again = Array.from({ length: 6 }, () => send(to));
    await eventually(() => streams.length === 11);
    expect(sessions).toHaveLength(3);
    for (const index of streams.keys()) if (index >= 5) answer(index);
    await Promise.all(again.map(async (one) => textOf(await one)));
  });

  test("wait for a backend that takes no requests at the moment", async () => {
    const { origin, sessions, streams, answer } = await startWaitingBackend({
      maxConcurrentStreams: 0,
    });
    const { send } = startPool(stage);
    const sending = [send(http2At(origin)), send(http2At(origin))];
    await eventually(() => sessions.length === 1);
    sending.push(send(http2At(origin)));
    sessions[0]?.settings({ maxConcurrentStreams: 10 });
    await eventually(() => streams.length === 3);
    expect(sessions).toHaveLength(1);
    for (const index of streams.keys()) answer(index);
    await Promise.all(sending.map(async (one) => textOf(await one)));
  });

  test("carry no more than 100 requests each", async () => {
    const { origin, sessions, streams, answer } = await startWaitingBackend();
    const { send } = startPool(stage);
    const sending = Array.from({ length: 101 }, () => send(http2At(origin)));
    await eventually(() => streams.length === 101);
    expect(sessions).toHaveLength(2);
    for (const index of streams.keys()) answer(index);
    await Promise.all(sending.map(async (one) => textOf(await one)));
  });

  test("take no request that was cancelled while it waited for one", async () => {
    const { origin, streams } = await startWaitingBackend();
    const { send } = startPool(stage);
    const cancellation = new Cancellation();
    const sending = rejection(send(http2At(origin), { cancellation }));
    const reason = new GatewayError("client_closed", "gone");
    cancellation.cancel(reason);
    expect(await sending).toBe(reason);
    const other = send(http2At(origin), { target: "/other" });
    await eventually(() => streams.length === 1);
    streams[0]?.respond({ ":status": 204 }, { endStream: true });
    expect((await other).status).toBe(204);
    expect(streams).toHaveLength(1);
  });

  test("that are told to go away finish what they carry; new requests get another one", async () => {
    const { origin, sessions, streams, answer } = await startWaitingBackend();
    const { send } = startPool(stage);
    const to = http2At(origin);
    const first = send(to);
    await eventually(() => streams.length === 1);
    sessions[0]?.close();
    answer(0, "first");
    const content = textOf(await first);
    const second = send(to);
    await eventually(() => streams.length === 2);
    answer(1, "second");
    expect(await content).toBe("first");
    expect(await textOf(await second)).toBe("second");
    expect(sessions).toHaveLength(2);
  });

  test("repeat a request that the backend has refused, once", async () => {
    let refused = 0;
    const { origin } = await startFakeBackend(stage, ({ path, stream, answer }) => {
      if (path === "/always" || refused === 0) {
        refused += 1;
        stream.reset(ErrorCode.refusedStream);
      } else answer("taken");
    });
    const { send } = startPool(stage);
    const post = { method: "POST", body: Buffer.from("x") };
    expect(await textOf(await send(http2At(origin), post))).toBe("taken");
    const error = await rejection(send(http2At(origin), { ...post, target: "/always" }));
    expect(error).toMatchObject({
      code: "backend_connection_closed",
      message: "the backend took no further requests on this connection (REFUSED_STREAM)",
      reached: "nothing",
    });
    expect(refused).toBe(3);
  });

  test("repeat a request with streamed content if that goes back to its first byte", async () => {
    const received: string[] = [];
    const { origin, connections } = await startFakeBackend(stage, ({ stream, answer, content }) => {
      if (connections() === 1 && received.length === 0) {
        received.push("refused");
        stream.reset(ErrorCode.refusedStream);
      } else void content.then((text) => answer(`got ${text}`));
    });
    const { send } = startPool(stage);
    const { reader, give, end } = handedOver();
    const body = new Repeatable(reader, 1_000).reader();
    const sending = send(http2At(origin), { method: "POST", body });
    give("one, ");
    await eventually(() => received.length === 1);
    give("two");
    end();
    expect(await textOf(await sending)).toBe("got one, two");
    const other = handedOver();
    received.length = 0;
    other.give("too long to be kept");
    const short = new Repeatable(other.reader, 10).reader();
    const failing = rejection(send(http2At(origin), { method: "POST", body: short }));
    expect(await failing).toMatchObject({ reached: "nothing" });
    await eventually(other.isCancelled);
  });

  test("repeat on another one what the backend has left out when it went away", async () => {
    const { origin, connections } = await startFakeBackend(stage, ({ path, answer }, _, socket) => {
      if (path === "/left-out" && connections() === 1) {
        // GOAWAY with the first stream as its last one.
        socket.write(Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]));
      } else if (path !== "/first" || connections() > 1) answer(path);
      if (path === "/left-out") first?.answer("/first");
      else if (path === "/first") first = { answer };
    });
    let first: Pick<FakeStream, "answer"> | undefined;
    const { send } = startPool(stage);
    const kept = send(http2At(origin), { target: "/first", method: "POST" });
    await eventually(() => first !== undefined);
    const leftOut = send(http2At(origin), { target: "/left-out", method: "POST" });
    expect(await textOf(await kept)).toBe("/first");
    expect(await textOf(await leftOut)).toBe("/left-out");
    expect(connections()).toBe(2);
  });

  test("take no further request after a minute, and close when they are idle", async () => {
    const { origin, sessions, streams, answer } = await startWaitingBackend();
    const { send, clock } = startPool(stage);
    const to = http2At(origin);
    const first = send(to, { timeout: endless(clock) });
    await eventually(() => streams.length === 1);
    streams[0]?.respond({ ":status": 200 });
    const { content } = await first;
    // So that the backend is not silent.
    for (let part = 0; part < 3; part += 1) {
      clock.advance(20_000);
      streams[0]?.write("part");
      await content?.read();
    }
    const second = send(to);
    await eventually(() => streams.length === 2);
    expect(sessions).toHaveLength(2);
    answer(1);
    expect(await textOf(await second)).toBe("done");
    streams[0]?.end("end");
    expect(Buffer.from((await content?.read())?.value ?? "").toString()).toBe("end");
    await eventually(() => sessions[0]?.destroyed === true || sessions[0]?.closed === true);
    clock.advance(60_000);
    await eventually(() => sessions[1]?.destroyed === true || sessions[1]?.closed === true);
  });
});

describe("a backend that breaks off", () => {
  test.each([
    [ErrorCode.internalError, "backend_connection_closed", "(INTERNAL_ERROR)"],
    [ErrorCode.http11Required, "backend_protocol_error", "set `protocol: http1`"],
  ])("with the code %d before its answer is %s", async (rst, code, words) => {
    const { origin } = await startFakeBackend(stage, ({ stream }) => stream.reset(rst));
    const { send } = startPool(stage);
    const error = await rejection(send(http2At(origin)));
    expect(error).toMatchObject({ code, reached: "maybe" });
    expect((error as Error).message).toContain(words);
  });

  test.each(["stream", "connection"] as const)(
    "the %s in the middle of its answer ends the content with an error",
    async (part) => {
      let breakOff = () => {};
      const { origin } = await startFakeBackend(stage, ({ stream }, _, socket) => {
        stream.head([":status", "200"], [], false);
        stream.send(Buffer.from("half"));
        breakOff = () => {
          if (part === "stream") stream.reset(ErrorCode.internalError);
          else socket.destroy();
        };
      });
      const { send } = startPool(stage);
      const { content } = await send(http2At(origin));
      expect(Buffer.from((await content?.read())?.value ?? "").toString()).toBe("half");
      const rest = rejection(content?.read());
      breakOff();
      expect(await rest).toMatchObject({ code: "backend_answer_incomplete" });
    },
  );

  test("a connection before it has answered fails a POST, and the next request dials again", async () => {
    const { origin, connections } = await startFakeBackend(stage, ({ answer }, _, socket) => {
      if (connections() === 1) socket.destroy();
      else answer("done");
    });
    const { send } = startPool(stage);
    expect(await rejection(send(http2At(origin), { method: "POST" }))).toMatchObject({
      code: "backend_connection_closed",
      reached: "maybe",
    });
    expect(await textOf(await send(http2At(origin)))).toBe("done");
  });

  test("an idle connection under two GETs has them sent once more", async () => {
    const { origin, connections } = await startFakeBackend(stage, ({ path, answer }, _, socket) => {
      if (path !== "/first" && connections() === 1) socket.destroy();
      else answer(path);
    });
    const { send } = startPool(stage);
    expect(await textOf(await send(http2At(origin), { target: "/first" }))).toBe("/first");
    const both = ["/second", "/third"].map((target) => send(http2At(origin), { target }));
    const answers = await Promise.all(both.map(async (sending) => textOf(await sending)));
    expect(answers).toEqual(["/second", "/third"]);
    expect(connections()).toBe(2);
  });

  test.each([
    ["no status", ["x-a", "1"]],
    ["a status twice", [":status", "200", ":status", "200"]],
    ["an answer of status 101", [":status", "101"]],
  ])("the rules with %s is a protocol error, and others go on", async (_, section) => {
    const { origin, connections } = await startFakeBackend(stage, ({ path, stream, answer }) => {
      if (path === "/well") answer("well");
      else stream.head(section, [], true);
    });
    const { send } = startPool(stage);
    expect(await rejection(send(http2At(origin)))).toMatchObject({
      code: "backend_protocol_error",
      reached: "maybe",
    });
    expect(await textOf(await send(http2At(origin), { target: "/well" }))).toBe("well");
    expect(connections()).toBe(1);
  });

  test("the rules with content before its answer is a protocol error", async () => {
    const { origin } = await startFakeBackend(stage, ({ stream }) => stream.send(Buffer.from("x")));
    const { send } = startPool(stage);
    expect(await rejection(send(http2At(origin)))).toMatchObject({
      code: "backend_protocol_error",
      message: "the backend's answer is not valid HTTP: DATA before HEADERS",
      reached: "maybe",
    });
  });

  test("the rules with more content than it has announced ends the content with an error", async () => {
    const { origin } = await startFakeBackend(stage, ({ stream }) => {
      stream.head([":status", "200", "content-length", "1"], [], false);
      stream.send(Buffer.from("more"));
    });
    const { send } = startPool(stage);
    const answer = await send(http2At(origin));
    expect(await rejection(textOf(answer))).toMatchObject({ code: "backend_protocol_error" });
  });

  test("many requests before it has taken their content keeps its connection", async () => {
    const { origin, connections } = await startFakeBackend(stage, ({ path, stream, answer }) => {
      if (path === "/well") answer("well");
      else stream.reset(ErrorCode.cancel);
    });
    const { send } = startPool(stage);
    for (let round = 0; round < 30; round += 1) {
      const sending = Array.from({ length: 100 }, () => {
        const { reader, give } = handedOver();
        give("beginning");
        return rejection(send(http2At(origin), { method: "POST", body: reader }));
      });
      await Promise.all(sending);
    }
    expect(await textOf(await send(http2At(origin), { target: "/well" }))).toBe("well");
    expect(connections()).toBe(1);
  });

  test("after it has answered before all content was sent is not asked for more", async () => {
    const { origin } = await startHttp2Backend(stage, (stream) => {
      stream.respond({ ":status": 413 });
      stream.end("enough");
    });
    const { send } = startPool(stage);
    const { reader, give, isCancelled } = handedOver();
    give("beginning");
    const answer = await send(http2At(origin), { method: "POST", body: reader });
    expect(answer.status).toBe(413);
    expect(await textOf(answer)).toBe("enough");
    await eventually(isCancelled);
  });
});

describe("a backend that cannot be asked by HTTP/2", () => {
  test("because nobody listens is unreachable for all that wait", async () => {
    const origin = `http://127.0.0.1:${await unusedPort()}`;
    const { send } = startPool(stage);
    const errors = await Promise.all([1, 2].map(() => rejection(send(http2At(origin)))));
    for (const error of errors) {
      expect(error).toMatchObject({ code: "backend_unreachable", reached: "nothing" });
    }
  });

  test.each([
    ["answers in HTTP/1.1", (socket: { end(text: string): void }) => socket.end(BAD_REQUEST)],
    ["closes the connection", (socket: { end(text: string): void }) => socket.end("")],
  ])("because it %s has the remedy", async (_, act) => {
    const url = await startSocketServer(stage, (socket) => {
      socket.once("data", () => act(socket));
    });
    const { send } = startPool(stage);
    const error = await rejection(send(http2At(url)));
    expect(error).toMatchObject({ code: "backend_protocol_error", reached: "nothing" });
    expect((error as Error).message).toContain("set `protocol: http1`");
  });

  test("because it says nothing fails at the connect timeout", async () => {
    const connected = Promise.withResolvers<void>();
    const url = await startSocketServer(stage, () => connected.resolve());
    const { send, clock } = startPool(stage);
    const failing = rejection(send(http2At(url, { connectTimeout: 1_000 })));
    await connected.promise;
    clock.advance(1_000);
    expect(await failing).toMatchObject({ code: "backend_connect_timeout", reached: "nothing" });
  });
});

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
