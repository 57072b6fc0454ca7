import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { fieldOf } from "../../../../../src/http/field.ts";
import { GatewayError } from "../../../../../src/pipeline/errors.ts";
import { PREFACE } from "../../../../../src/wire/http2/frames.ts";
import {
  block,
  describeFrames,
  frame,
  GET,
  headers,
  uint32,
} from "../../../../support/http2-frames.ts";
import { delivery, Pieces, Stage, type TestDelivery } from "./support.ts";

const HELLO = Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0)]);
const OPEN_PREFACE = ["SETTINGS 0", "WINDOW_UPDATE 0 +983041", "SETTINGS 0 ack"];

/** Never answers. */
const never = () => new Promise<never>(() => {});

describe("a request", () => {
  test("is handed over with method, target, fields and Host", async () => {
    const stage = new Stage(() => delivery("hi"));
    stage.client.request();
    await stage.settle();
    const [request] = stage.requests;
    expect(request).toMatchObject({ method: "GET", target: "/", protocol: "HTTP/2" });
    expect(request!.fields.map(({ line }) => line)).toEqual(["host: a\r\n"]);
    expect(request!.content).toBeUndefined();
    expect(request!.connection.peer).toBe("192.0.2.1");
  });

  test("has its content and trailers, as far as the reader lets them come", async () => {
    const stage = new Stage(never);
    const log = stage.client.request("POST", false);
    log.stream!.send(Buffer.alloc(600_000, "x"));
    log.stream!.end([fieldOf("x-sum", "1")]);
    await stage.settle();
    // What waits fills the window.
    expect(log.stream!.queued).toBe(600_000 - 262_144);
    const content = stage.requests[0]!.content!;
    let length = 0;
    for (;;) {
      let result = content.read();
      if (result instanceof Promise) {
        await stage.settle();
        result = await result;
      }
      if (result.value === undefined) break;
      length += result.value.length;
    }
    expect(length).toBe(600_000);
    expect(content.trailers?.map(({ line }) => line)).toEqual(["x-sum: 1\r\n"]);
  });

  test("is asked for its content with 100 when that is wanted, not before", async () => {
    const stage = new Stage(never);
    const pseudo = [":method", "PUT", ":scheme", "http", ":path", "/", ":authority", "a"];
    const log = stage.client.request();
    const expecting = stage.client.connection.open(
      log,
      pseudo,
      [fieldOf("expect", "100-continue")],
      false,
    );
    log.stream = expecting;
    await stage.settle();
    expect(log.sections).toEqual([]);
    void stage.requests[1]!.content!.read();
    await stage.settle();
    expect(log.sections).toEqual([[":status: 100"]]);
  });

  test("with more content than announced is cancelled as the client's mistake", async () => {
    const stage = new Stage(never);
    const fields = [...GET, ["content-length", "3"]] as const;
    expect(
      (await stage.frames(HELLO, headers(1, fields, false), frame(0, 1, 1, uint32(1)))).at(-1),
    ).toBe("RST_STREAM 1 code 1");
    expect(stage.requests[0]!.cancellation.reason?.code).toBe("bad_request");
  });

  test("that its client resets is cancelled, and its content fails", async () => {
    const sent: TestDelivery[] = [];
    let answer: (delivery: TestDelivery) => void = () => {};
    const stage = new Stage(() => new Promise((resolve) => (answer = resolve)));
    const log = stage.client.request("POST", false);
    await stage.settle();
    const reading = stage.requests[0]!.content!.read();
    log.stream!.reset(8);
    await stage.settle();
    expect(stage.requests[0]!.cancellation.reason).toMatchObject({ code: "client_closed" });
    expect(reading).rejects.toMatchObject({ code: "client_closed" });
    const late = delivery(new Pieces());
    sent.push(late);
    answer(late);
    await stage.settle();
    expect(late.ends).toMatchObject([{ code: "client_closed" }]);
    expect((late.answer.body as Pieces).cancelled.length).toBe(1);
  });

  test("is cancelled when the connection is gone", async () => {
    const stage = new Stage(never);
    stage.client.request();
    await stage.settle();
    stage.session.closed(undefined);
    expect(stage.requests[0]!.cancellation.reason).toMatchObject({ code: "client_closed" });
    expect(stage.gone).toBe(1);
    stage.session.closed(undefined);
    expect(stage.gone).toBe(1);
  });

  test.each<[string, number, Buffer]>([
    ["a malformed one", 400, headers(1, [...GET, ["connection", "close"]])],
    ["a length without content", 400, headers(1, [...GET, ["content-length", "5"]])],
    ["a header section above the limit", 431, headers(1, [...GET, ["x-long", "x".repeat(9_900)]])],
  ])("that is refused for %s is handed over as such", async (_, status, bytes) => {
    const stage = new Stage((request) => delivery("no", request.refusal?.status ?? 200), 10_000);
    const answers = await stage.frames(HELLO, bytes);
    expect(stage.requests[0]!.refusal?.status).toBe(status as 400);
    expect(answers.slice(3)).toEqual([
      "HEADERS 1",
      "DATA 1 end 2 bytes",
      ...(status === 400 ? ["RST_STREAM 1 code 1"] : []),
    ]);
  });

  test("with malformed trailers is reset", async () => {
    const stage = new Stage(never);
    const answers = await stage.frames(
      HELLO,
      headers(1, GET, false),
      headers(1, [["connection", "close"]]),
    );
    expect(answers.at(-1)).toBe("RST_STREAM 1 code 1");
    expect(stage.requests[0]!.cancellation.reason?.code).toBe("bad_request");
  });

  test("with trailers above the limit is reset", async () => {
    const stage = new Stage(never, 200);
    const answers = await stage.frames(
      HELLO,
      headers(1, GET, false),
      headers(1, [["x-long", "x".repeat(300)]]),
    );
    expect(answers.at(-1)).toBe("RST_STREAM 1 code 11");
  });

  test("is refused when too much of what was reset is still under way", async () => {
    const stage = new Stage(never);
    const all = Array.from({ length: 300 }, (_, index) => [
      headers(2 * index + 1),
      frame(3, 0, 2 * index + 1, uint32(8)),
    ]).flat();
    const answers = await stage.frames(HELLO, ...all);
    expect(stage.requests.length).toBe(256);
    expect(answers.filter((text) => text.endsWith("code 7")).length).toBe(44);
  });
});

describe("an answer", () => {
  test("goes out in one write, with its length and date", async () => {
    const own = delivery("hello", 200, [fieldOf("Content-Type", "text/plain")]);
    const stage = new Stage(() => own);
    await stage.frames(HELLO);
    const writes = stage.socket.written.length;
    stage.session.received(headers(1));
    stage.endTurn();
    expect(stage.socket.written.length).toBe(writes + 1);
    expect(describeFrames(stage.socket.written.at(-1)!)).toEqual([
      "HEADERS 1",
      "DATA 1 end 5 bytes",
    ]);
    expect(own).toMatchObject({ bytes: 5, ends: [undefined] });
  });

  test("has the fields that it was given, without connection-specific ones", async () => {
    const stage = new Stage(() =>
      delivery("hello", 201, [
        fieldOf("X-A", "b"),
        fieldOf("Connection", "close"),
        fieldOf("Transfer-Encoding", "chunked"),
        fieldOf("Content-Length", "99"),
        fieldOf("Set-Cookie", "a=1"),
        fieldOf("Set-Cookie", "b=2"),
      ]),
    );
    const log = stage.client.request();
    await stage.settle();
    expect(log.sections).toEqual([
      [
        ":status: 201",
        "x-a: b",
        "set-cookie: a=1",
        "set-cookie: b=2",
        "date: Thu, 01 Jan 2026 00:00:00 GMT",
        "content-length: 5",
      ],
    ]);
    expect(log.content).toBe("hello");
  });

  test.each([
    ["HEAD", 200, "hello"],
    ["GET", 304, null],
    ["GET", 204, null],
  ])(
    "to %s with status %d ends with its head, and keeps its length",
    async (method, status, body) => {
      const own = delivery(body, status, [fieldOf("Content-Length", "5")]);
      const stage = new Stage(() => own);
      const log = stage.client.request(method);
      await stage.settle();
      expect(log.sections[0]).toContain("content-length: 5");
      expect(log).toMatchObject({ hasEnded: true, content: "" });
      expect(own).toMatchObject({ bytes: 0, ends: [undefined] });
    },
  );

  test("passes content on as it comes, and trailers after it", async () => {
    const body = new Pieces();
    const own = delivery(body);
    const stage = new Stage(() => own);
    const log = stage.client.request();
    await stage.settle();
    expect(log.sections.length).toBe(1);
    expect(log.sections[0]).not.toContain("content-length: 0");
    body.push("one");
    await stage.settle();
    expect(log.content).toBe("one");
    body.push("two");
    body.end([fieldOf("grpc-status", "0")]);
    await stage.settle();
    expect(log.content).toBe("onetwo");
    expect(log.sections[1]).toEqual(["grpc-status: 0"]);
    expect(own).toMatchObject({ bytes: 6, ends: [undefined] });
  });

  test("tells its length if that is known", async () => {
    const body = new Pieces(3);
    const stage = new Stage(() => delivery(body));
    const log = stage.client.request();
    body.push("one");
    body.end();
    await stage.settle();
    expect(log.sections[0]).toContain("content-length: 3");
  });

  test("is not read further than its client reads", async () => {
    const body = new Pieces();
    const own = delivery(body);
    const stage = new Stage(() => own);
    const log = stage.client.request();
    log.uses = false;
    for (let piece = 0; piece < 40; piece += 1) body.push(Buffer.alloc(16_384));
    body.end();
    await stage.settle();
    expect(log.content.length).toBe(65_535);
    expect(own.ends).toEqual([]);
    log.uses = true;
    log.stream!.consumed(65_535);
    await stage.settle();
    expect(log.content.length).toBe(40 * 16_384);
    expect(own).toMatchObject({ bytes: 40 * 16_384, ends: [undefined] });
  });

  test("that breaks off at its source resets the stream, and says why", async () => {
    const body = new Pieces();
    const own = delivery(body);
    const stage = new Stage(() => own);
    const log = stage.client.request();
    body.push("one");
    await stage.settle();
    body.fail(new GatewayError("backend_connection_closed", "gone"));
    await stage.settle();
    expect(log.overs).toMatchObject([{ by: "peer", code: 2 }]);
    expect(own).toMatchObject({ bytes: 3, ends: [{ code: "backend_connection_closed" }] });
  });

  test("that fails in the gateway itself is an internal error", async () => {
    const body = new Pieces();
    const own = delivery(body);
    const stage = new Stage(() => own);
    stage.client.request();
    body.fail(new Error("bug"));
    await stage.settle();
    expect(own.ends).toMatchObject([{ code: "internal_error" }]);
  });

  test("that its client resets ends with that, and its content is cancelled", async () => {
    const body = new Pieces();
    const own = delivery(body);
    const stage = new Stage(() => own);
    const log = stage.client.request();
    body.push("one");
    await stage.settle();
    log.stream!.reset(8);
    await stage.settle();
    expect(own).toMatchObject({ bytes: 3, ends: [{ code: "client_closed" }] });
    expect(body.cancelled.length).toBe(1);
  });

  test("whose exchange is cancelled resets the stream", async () => {
    const own = delivery(new Pieces());
    const stage = new Stage(() => own);
    const log = stage.client.request();
    await stage.settle();
    stage.requests[0]!.cancellation.cancel(new GatewayError("exchange_timeout", "too long"));
    await stage.settle();
    expect(log.overs).toMatchObject([{ by: "peer" }]);
    expect(own.ends).toMatchObject([{ code: "exchange_timeout" }]);
  });

  test("before the end of the request stops the rest of it, once it can have been read", async () => {
    const own = delivery("too large", 413);
    const stage = new Stage(() => own);
    const log = stage.client.request("POST", false);
    await stage.settle();
    expect(log.content).toBe("too large");
    expect(log.overs).toEqual([]);
    expect(own.ends).toEqual([undefined]);
    stage.clock.advance(100);
    await stage.settle();
    expect(log.overs).toMatchObject([{ by: "peer", code: 0 }]);
  });

  test("before the end of the request leaves a client alone that sends the rest", async () => {
    const stage = new Stage(() => delivery("too large", 413));
    const log = stage.client.request("POST", false);
    await stage.settle();
    log.stream!.send(Buffer.from("rest"), true);
    await stage.settle();
    stage.clock.advance(100);
    await stage.settle();
    expect(log.overs).toEqual([undefined]);
  });

  test("that its client does not let through is given up after a while", async () => {
    const own = delivery(Buffer.alloc(100_000));
    const stage = new Stage(() => own);
    const log = stage.client.request();
    log.uses = false;
    await stage.settle();
    // What has been let through counts as a sign of life.
    stage.clock.advance(75_000);
    stage.clock.advance(75_000);
    await stage.settle();
    expect(own.bytes).toBe(65_535);
    expect(own.ends).toMatchObject([{ code: "client_stalled" }]);
  });

  test("of a handler that fails is a reset, and is reported", async () => {
    const stage = new Stage(() => Promise.reject(new Error("bug")));
    const log = stage.client.request();
    await stage.settle();
    expect(log.overs).toMatchObject([{ by: "peer", code: 2 }]);
    expect(stage.errors).toMatchObject([{ message: "bug" }]);
  });

  test("may have interim ones before it, and none after it", async () => {
    const stage = new Stage(() => new Promise(() => {}));
    const log = stage.client.request();
    await stage.settle();
    stage.requests[0]!.interim(103, [fieldOf("Link", "</a>")]);
    await stage.settle();
    expect(log.sections).toEqual([[":status: 103", "link: </a>"]]);
  });
});

describe("a connection", () => {
  test("begins with settings", async () => {
    const stage = new Stage(never);
    expect(await stage.frames(HELLO)).toEqual(OPEN_PREFACE);
    expect(stage.session.isIdle).toBe(true);
  });

  test("without a stream closes after a time, with GOAWAY first", async () => {
    const stage = new Stage(() => delivery("hi"));
    stage.client.request();
    await stage.settle();
    stage.clock.advance(74_000);
    expect(stage.session.isIdle).toBe(true);
    stage.clock.advance(1_000);
    await stage.settle();
    expect(stage.client.leaving).toStartWith("0 ");
    // Nor does the client answer.
    stage.clock.advance(1_000);
    await stage.settle();
    expect(stage.socket.done).toEqual(["shutdown"]);
    stage.session.ended();
    expect(stage.socket.done).toEqual(["shutdown", "end"]);
  });

  test("with a stream stays, however long it takes", async () => {
    const stage = new Stage(never);
    stage.client.request();
    await stage.settle();
    stage.clock.advance(1_000_000);
    await stage.settle();
    expect(stage.client.leaving).toBeUndefined();
    expect(stage.session.isIdle).toBe(false);
  });

  test.each([
    ["a preface", Buffer.from(PREFACE.slice(0, 10))],
    ["a header block", Buffer.concat([HELLO, frame(1, 0, 1, block(GET))])],
    ["HEADERS", Buffer.concat([HELLO, headers(1).subarray(0, 20)])],
  ])("ends when %s is not completed in time", async (_, bytes) => {
    const stage = new Stage(never);
    await stage.frames(bytes);
    stage.clock.advance(10_000);
    expect((await stage.frames()).at(-1)).toStartWith("GOAWAY 0 last ");
    expect(stage.misuses).toEqual([
      "192.0.2.1: ENHANCE_YOUR_CALM: the header section did not arrive in time",
    ]);
    stage.clock.advance(2_000);
    expect(stage.socket.done).toEqual(["shutdown", "terminate"]);
  });

  test("that is flooded ends, and is reported once", async () => {
    const stage = new Stage(never);
    const pings = Array<Buffer>(3000).fill(frame(6, 0, 0, Buffer.alloc(8)));
    expect((await stage.frames(HELLO, ...pings)).at(-1)).toBe("GOAWAY 0 last 0 code 11");
    expect(stage.misuses).toEqual(["192.0.2.1: ENHANCE_YOUR_CALM: too many PING frames"]);
    // What follows is read and dropped for a while, but not without end.
    stage.session.received(Buffer.alloc(4_000_000));
    expect(stage.socket.done).toEqual(["shutdown"]);
    stage.session.received(Buffer.alloc(400_000));
    expect(stage.socket.done).toEqual(["shutdown", "terminate"]);
  });

  test("that drains answers what is under way, and closes", async () => {
    let answer: (delivery: TestDelivery) => void = () => {};
    const stage = new Stage(() => new Promise((resolve) => (answer = resolve)));
    const log = stage.client.request();
    await stage.settle();
    stage.session.drain();
    await stage.settle();
    expect(stage.socket.done).toEqual([]);
    answer(delivery("hi"));
    await stage.settle();
    expect(log.content).toBe("hi");
    expect(stage.socket.done).toEqual(["shutdown"]);
  });

  test("that is cut cancels what is under way, for the reason", async () => {
    const own = delivery(new Pieces());
    const stage = new Stage(() => own);
    const log = stage.client.request();
    await stage.settle();
    stage.session.cut(new GatewayError("gateway_stopping", "stopping"));
    await stage.settle();
    expect(own.ends).toMatchObject([{ code: "gateway_stopping" }]);
    expect(log.overs).toMatchObject([{ by: "peer" }]);
    expect(stage.socket.done).toEqual(["shutdown"]);
  });

  test("whose client closes its side ends: the client has left", async () => {
    const own = delivery(new Pieces());
    const stage = new Stage(() => own);
    stage.client.request();
    await stage.settle();
    stage.session.ended();
    expect(stage.requests[0]!.cancellation.reason).toMatchObject({ code: "client_closed" });
    expect(own.ends).toMatchObject([{ code: "client_closed" }]);
    expect(stage.socket.done).toEqual(["end"]);
  });

  test("that ends and is not read is cut after a while", async () => {
    const stage = new Stage(never);
    await stage.frames(HELLO);
    stage.socket.room = 0;
    await stage.frames(frame(6, 0, 1, uint32(1)));
    expect(stage.socket.done).toEqual([]);
    stage.clock.advance(75_000);
    expect(stage.socket.done).toEqual(["terminate"]);
    stage.session.closed(undefined);
    expect(stage.clock.pending).toBe(0);
  });

  test("waits with content for a socket that is full", async () => {
    const own = delivery(Buffer.alloc(50_000, "x"));
    const stage = new Stage(() => own);
    const log = stage.client.request();
    stage.socket.room = 20_000;
    await stage.settle();
    expect(own.ends).toEqual([undefined]);
    stage.socket.room = Number.POSITIVE_INFINITY;
    stage.session.drained();
    await stage.settle();
    expect(log.content.length).toBe(50_000);
  });

  test("that is destroyed says GOAWAY, after an answer that was about to be written", async () => {
    const stage = new Stage(() => delivery("hi"));
    await stage.frames(HELLO);
    stage.session.received(headers(1));
    stage.session.destroy();
    expect(await stage.frames()).toEqual([
      "HEADERS 1",
      "DATA 1 end 2 bytes",
      "GOAWAY 0 last 1 code 0",
    ]);
    expect(stage.socket.done).toEqual(["end"]);
  });

  test("that is destroyed with a request under way is cut", async () => {
    const stage = new Stage(never);
    stage.client.request();
    await stage.settle();
    stage.session.destroy();
    expect(stage.socket.done).toEqual(["terminate"]);
  });
});

describe("whatever frames a client sends", () => {
  const anyFrame = fc
    .record({
      type: fc.integer({ min: 0, max: 10 }),
      flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 0x0d, 0x20, 0x25, 0xff),
      stream: fc.constantFrom(0, 1, 1, 3, 5, 2),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
        fc.constantFrom(block(GET), uint32(1), Buffer.alloc(5), Buffer.alloc(8), Buffer.alloc(0)),
      ),
    })
    .map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload));

  test("the session stands, and each request's delivery ends once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFrame, { maxLength: 40 }),
        fc.integer({ min: 1, max: 300 }),
        async (frames, size) => {
          const deliveries: TestDelivery[] = [];
          const stage = new Stage((request) => {
            const own = delivery(request.content ?? "hello");
            deliveries.push(own);
            return deliveries.length % 2 === 0 ? own : Promise.resolve(own);
          });
          await stage.frames(HELLO);
          const bytes = Buffer.concat(frames);
          for (let at = 0; at < bytes.length; at += size) {
            await stage.frames(Buffer.from(bytes.subarray(at, at + size)));
          }
          stage.session.closed(undefined);
          await stage.frames();
          expect(stage.errors).toEqual([]);
          expect(deliveries.map(({ ends }) => ends.length)).toEqual(deliveries.map(() => 1));
          expect(stage.clock.pending).toBe(0);
        },
      ),
    );
  });
});
