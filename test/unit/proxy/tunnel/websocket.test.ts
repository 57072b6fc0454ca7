import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { Tunnels } from "../../../../src/proxy/tunnel/tunnel.ts";
import { WebSocketTunnel } from "../../../../src/proxy/tunnel/websocket.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { closing, type Frame, frame, framesIn, opcodes } from "../../../wire/frames.ts";
import { FakeChannel, FakeRecord } from "./fake-channel.ts";

const stopping = new GatewayError("gateway_stopping", "the gateway is stopping");

function tunnelled({ idleTimeout = 60_000, tunnels = new Tunnels(), open = true } = {}) {
  const clock = new FakeClock();
  const record = new FakeRecord();
  const client = new FakeChannel();
  const backend = new FakeChannel();
  const options = { idleTimeout, clock, tunnels, maxMessageSize: 1_000 };
  const tunnel = new WebSocketTunnel(record, backend, options);
  if (open) tunnel.open(client);
  return { clock, record, client, backend, tunnel, tunnels };
}

type Ends = ReturnType<typeof tunnelled>;

const fromClient = (opcode: number, payload: string | Buffer = "", fin = true) =>
  frame(opcode, payload, { fin });
const fromBackend = (opcode: number, payload: string | Buffer = "", fin = true) =>
  frame(opcode, payload, { fin, masked: false });

/** The only close frame among what was written since the last look. */
function closeTold(end: FakeChannel): Frame & { code: number; reason: string } {
  const closes = framesIn(end.take()).filter(({ opcode }) => opcode === opcodes.close);
  expect(closes).toHaveLength(1);
  const [told] = closes as [Frame];
  return { ...told, code: told.payload.readUInt16BE(), reason: told.payload.toString("latin1", 2) };
}

/** Both have closed their connections. */
function hangUp({ client, backend, clock, tunnels }: Ends): void {
  backend.ends();
  client.ends();
  backend.closes();
  client.closes();
  expect(tunnels.size).toBe(0);
  expect(clock.pending).toBe(0);
}

describe("a WebSocket's tunnel", () => {
  test("passes frames as they are, and counts messages and their bytes", () => {
    const { client, backend, record } = tunnelled();
    const sent = Buffer.concat([
      fromClient(opcodes.text, "hel", false),
      fromClient(opcodes.ping, "there?"),
      fromClient(opcodes.continuation, "lo"),
    ]);
    client.receives(sent);
    expect(backend.take().equals(sent)).toBe(true);
    const answered = Buffer.concat([
      fromBackend(opcodes.pong, "there?"),
      fromBackend(opcodes.binary, "you"),
    ]);
    backend.receives(answered);
    expect(client.take().equals(answered)).toBe(true);
    expect(record).toMatchObject({
      messagesIn: 1,
      bytesIn: 5,
      messagesOut: 1,
      bytesOut: 3,
      failures: [],
    });
  });

  test("does not wait for the end of a message", () => {
    const { client, backend, record } = tunnelled();
    const half = fromClient(opcodes.binary, Buffer.alloc(900)).subarray(0, 500);
    client.receives(half);
    expect(backend.take().equals(half)).toBe(true);
    expect(record).toMatchObject({ messagesIn: 0, bytesIn: 492 });
  });

  test.each([
    ["client", "backend", fromClient, fromBackend],
    ["backend", "client", fromBackend, fromClient],
  ] as const)(
    "passes a close of the %s on as it came, and its answer",
    (one, other, says, answers) => {
      for (const payload of [closing(1000, "done"), closing(4321, "own"), Buffer.alloc(0)]) {
        const ends = tunnelled();
        const close = says(opcodes.close, payload);
        ends[one].receives(Buffer.concat([close, says(opcodes.text, "no more")]));
        expect(ends[other].take().equals(close)).toBe(true);
        const reply = answers(opcodes.close, payload);
        ends[other].receives(reply);
        expect(ends[one].take().equals(reply)).toBe(true);
        hangUp(ends);
        expect(ends.record).toMatchObject({ failures: [], messagesIn: 0 });
        expect([ends.client.done, ends.backend.done]).toEqual([["end"], ["end"]]);
      }
    },
  );

  test("lets an end finish what it says after the other's close", () => {
    const { client, backend } = tunnelled();
    client.receives(fromClient(opcodes.close, closing(1000)));
    const last = fromBackend(opcodes.text, "one thing more");
    backend.receives(last);
    expect(client.take().equals(last)).toBe(true);
  });

  test("cuts ends that do not answer a close", () => {
    const { client, backend, clock, record, tunnels } = tunnelled();
    client.receives(fromClient(opcodes.close, closing(1000)));
    clock.advance(4_999);
    expect(backend.done).toEqual([]);
    clock.advance(1);
    expect([client.done, backend.done]).toEqual([["cut"], ["cut"]]);
    expect(record.failures).toEqual([]);
    expect(tunnels.size).toBe(0);
  });

  test.each([
    ["client", "backend", "client_closed"],
    ["backend", "client", "backend_connection_closed"],
  ] as const)("names a %s that ends without a close, and cuts the %s", (one, other, code) => {
    for (const leave of ["ends", "closes"] as const) {
      const ends = tunnelled();
      ends[one][leave]();
      expect(ends[other].done).toEqual(["cut"]);
      expect(ends.record.code).toBe(code);
      expect(ends.tunnels.size).toBe(0);
      expect(ends.clock.pending).toBe(0);
    }
  });

  test("takes a client that closes its connection after its close for one that has left in order", () => {
    const { client, backend, record, tunnels } = tunnelled();
    client.receives(fromClient(opcodes.close, closing(1001)));
    client.closes();
    expect(backend.done).toEqual(["end"]);
    backend.receives(fromBackend(opcodes.close, closing(1001)));
    backend.ends();
    backend.closes();
    expect(tunnels.size).toBe(0);
    expect(record.failures).toEqual([]);
  });
});

describe("a WebSocket that the gateway closes", () => {
  test("is told so on both sides, and ends when both have answered", () => {
    const ends = tunnelled();
    const { client, backend, tunnel, record } = ends;
    tunnel.stop(stopping);
    expect(closeTold(client)).toMatchObject({
      code: 1001,
      reason: stopping.message,
      masked: false,
    });
    expect(closeTold(backend)).toMatchObject({
      code: 1001,
      reason: stopping.message,
      masked: true,
    });
    client.receives(fromClient(opcodes.text, "too late"));
    expect(backend.take()).toHaveLength(0);
    expect(client.done).toEqual([]);
    client.receives(fromClient(opcodes.close, closing(1001)));
    expect(client.done).toEqual(["end"]);
    backend.receives(fromBackend(opcodes.close, closing(1001)));
    expect(backend.done).toEqual(["end"]);
    expect(client.take()).toHaveLength(0);
    hangUp(ends);
    expect(record).toMatchObject({
      messagesIn: 1,
      failures: [["gateway_stopping", stopping.message]],
    });
  });

  test("is told so between two frames", () => {
    const { client, backend, tunnel } = tunnelled();
    const message = fromClient(opcodes.text, "hello");
    client.receives(message.subarray(0, 8));
    const head = fromBackend(opcodes.text, "x".repeat(200)).subarray(0, 3);
    backend.receives(head);
    backend.take();
    tunnel.stop(stopping);
    expect(backend.take()).toHaveLength(0);
    // The backend's head was incomplete, so nothing of it has passed.
    expect(closeTold(client)).toMatchObject({ code: 1001 });
    client.receives(Buffer.concat([message.subarray(8), fromClient(opcodes.text, "more")]));
    const [rest, close] = framesIn(Buffer.concat([message.subarray(0, 8), backend.take()]));
    expect(rest?.payload.toString()).toBe("hello");
    expect(close?.payload).toEqual(closing(1001, stopping.message));
  });

  test("after a close of their own have nothing more to say to each other", () => {
    const ends = tunnelled();
    const { client, backend, tunnel, record } = ends;
    client.receives(fromClient(opcodes.close, closing(1000)));
    backend.take();
    tunnel.stop(stopping);
    expect([client.take(), backend.take()].map(({ length }) => length)).toEqual([0, 0]);
    hangUp(ends);
    expect(record.failures).toEqual([]);
  });

  test("is cut when it does not end in time, or is broken off again", () => {
    const slow = tunnelled();
    slow.tunnel.interrupt(new GatewayError("exchange_timeout", "too long"));
    expect(closeTold(slow.client)).toMatchObject({ code: 1001, reason: "time is up" });
    slow.clock.advance(5_000);
    expect(slow.client.done).toEqual(["cut"]);
    expect(slow.record.code).toBe("exchange_timeout");
    const urgent = tunnelled();
    urgent.tunnel.stop(stopping);
    urgent.tunnel.stop(stopping);
    expect(urgent.client.done).toEqual([]);
    urgent.tunnel.interrupt(stopping);
    expect([urgent.client.done, urgent.backend.done]).toEqual([["cut"], ["cut"]]);
    expect(urgent.tunnels.size).toBe(0);
  });

  test("is closed to both after the idle time, which only messages extend", () => {
    const { client, backend, clock, record } = tunnelled();
    clock.advance(59_000);
    client.receives(fromClient(opcodes.text, "a"));
    clock.advance(59_000);
    backend.receives(fromBackend(opcodes.text, ""));
    clock.advance(30_000);
    client.receives(fromClient(opcodes.ping));
    backend.receives(fromBackend(opcodes.pong));
    clock.advance(29_999);
    expect(record.failures).toEqual([]);
    clock.advance(1);
    expect(record.failures).toEqual([
      ["websocket_idle", "no message in either direction for 60000 ms"],
    ]);
    expect([closeTold(client), closeTold(backend)]).toMatchObject([
      { code: 1001, reason: "idle" },
      { code: 1001, reason: "idle" },
    ]);
  });
});

describe("a peer that breaks the protocol", () => {
  test("by a message that is too large is told 1009, and the backend that the client goes", () => {
    const ends = tunnelled();
    const { client, backend, record, clock, tunnels } = ends;
    client.receives(
      Buffer.concat([
        fromClient(opcodes.text, "fine"),
        fromClient(opcodes.text, "x".repeat(1_001)),
      ]),
    );
    expect(closeTold(client)).toMatchObject({ code: 1009 });
    expect(framesIn(backend.take()).map(({ opcode }) => opcode)).toEqual([
      opcodes.text,
      opcodes.close,
    ]);
    expect(client.done).toEqual(["end"]);
    expect(record).toMatchObject({
      messagesIn: 1,
      failures: [["message_too_large", "the client sent a message of more than 1000 bytes"]],
    });
    client.receives(Buffer.alloc(100));
    clock.advance(4_000);
    client.receives(Buffer.alloc(100));
    clock.advance(1_000);
    expect(client.done).toEqual(["end", "cut"]);
    expect(tunnels.size).toBe(0);
  });

  test("is told 1002, and the other side who it was", () => {
    const byClient = tunnelled();
    byClient.client.receives(fromBackend(opcodes.text, "no mask"));
    expect(closeTold(byClient.client)).toMatchObject({ code: 1002 });
    expect(closeTold(byClient.backend)).toMatchObject({ code: 1001 });
    expect(byClient.record.failures).toEqual([
      ["bad_request", "the client broke the WebSocket protocol: a frame without a mask"],
    ]);
    const byBackend = tunnelled();
    byBackend.backend.receives(fromClient(opcodes.text, "mask"));
    expect(closeTold(byBackend.backend)).toMatchObject({ code: 1002, masked: true });
    expect(closeTold(byBackend.client)).toMatchObject({ code: 1014 });
    expect(byBackend.record.code).toBe("backend_protocol_error");
  });

  test("may be a backend with larger messages than a client may send", () => {
    const { client, backend, record } = tunnelled();
    const large = fromBackend(opcodes.binary, Buffer.alloc(5_000));
    backend.receives(large);
    expect(client.take().equals(large)).toBe(true);
    expect(record.failures).toEqual([]);
  });
});

describe("an end that does not read", () => {
  test("has the other pinged each second, so that its leaving is noticed", () => {
    const { client, backend, clock } = tunnelled();
    backend.hasRoom = false;
    client.receives(fromClient(opcodes.text, "a"));
    expect(client.done).toEqual(["pause"]);
    clock.advance(3_000);
    expect(framesIn(client.take()).map(({ opcode }) => opcode)).toEqual([9, 9, 9]);
    backend.drains();
    clock.advance(3_000);
    expect(client.take()).toHaveLength(0);
    client.hasRoom = false;
    backend.receives(fromBackend(opcodes.text, "b").subarray(0, 2));
    clock.advance(3_000);
    expect(framesIn(backend.take().subarray(7))).toMatchObject([
      { opcode: 9, masked: true },
      { opcode: 9, masked: true },
      { opcode: 9, masked: true },
    ]);
  });

  test("is not pinged in the middle of a frame", () => {
    const { client, backend, clock } = tunnelled();
    backend.receives(fromBackend(opcodes.text, "hello").subarray(0, 4));
    client.take();
    backend.hasRoom = false;
    client.receives(fromClient(opcodes.text, "a"));
    clock.advance(3_000);
    expect(client.take()).toHaveLength(0);
  });

  test("is cut when too much is queued in all, and the other told 1013", () => {
    const tunnels = new Tunnels(100);
    const { client, backend, record, clock } = tunnelled({ tunnels });
    backend.hasRoom = false;
    client.receives(fromClient(opcodes.text, "x".repeat(200)));
    expect(backend.done).toEqual(["cut"]);
    expect(closeTold(client)).toMatchObject({ code: 1013, reason: "the backend is not reading" });
    expect(record.code).toBe("backend_stalled");
    expect(tunnels.queued.total).toBe(0);
    backend.closes();
    client.receives(fromClient(opcodes.close, closing(1013)));
    client.closes();
    expect(tunnels.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("gets its close after what is queued, and is cut if it takes nothing", () => {
    const { client, backend, clock, tunnels } = tunnelled();
    backend.hasRoom = false;
    client.receives(fromClient(opcodes.text, "a"));
    client.receives(fromClient(opcodes.close, closing(1000)));
    clock.advance(4_000);
    backend.drains();
    clock.advance(4_999);
    expect(backend.done).toEqual([]);
    clock.advance(1);
    expect(backend.done).toEqual(["cut"]);
    expect(tunnels.queued.total).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
