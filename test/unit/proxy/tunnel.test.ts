import { describe, expect, test } from "bun:test";
import { Tunnel, Tunnels } from "../../../src/proxy/tunnel.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";
import { turn } from "./network.ts";
import { FakeBackend, FakeClient } from "./sockets.ts";

const MB = 1024 * 1024;

function tunnelled({ idleTimeout = 60_000, open = true, tunnels = new Tunnels() } = {}) {
  const clock = new FakeClock();
  const exchange = openExchange();
  const backend = new FakeBackend();
  const client = new FakeClient();
  const tunnel = new Tunnel(exchange, backend.asWebSocket(), { idleTimeout, clock, tunnels });
  const state = { ended: false };
  void exchange.ended?.then(() => (state.ended = true));
  if (open) {
    tunnel.open(client);
    backend.done.length = 0;
  }
  return { clock, exchange, backend, client, tunnels, tunnel, state };
}

describe("a tunnel", () => {
  test("lets the backend speak once the client's end is there", () => {
    const { tunnel, backend, client, tunnels } = tunnelled({ open: false });
    expect(backend.done).toEqual([]);
    expect([...tunnels]).toEqual([]);
    tunnel.open(client);
    expect(backend.done).toEqual(["resume"]);
    expect([...tunnels]).toEqual([tunnel]);
  });

  test("passes messages on both ways, and counts them and their bytes", () => {
    const { tunnel, exchange, backend, client } = tunnelled();
    tunnel.message("häl");
    tunnel.message(Buffer.from([65, 66]));
    backend.says("€");
    backend.says(Buffer.from("xyz"));
    backend.says("");
    expect(backend.done).toEqual(["send häl", "send AB"]);
    expect(client.done).toEqual(["send €", "send xyz", "send "]);
    expect(exchange).toMatchObject({ messagesIn: 2, bytesIn: 6, messagesOut: 3, bytesOut: 6 });
  });

  test("reads no more of the backend while the client's connection is full", () => {
    const { tunnel, backend, client } = tunnelled();
    backend.says("a");
    expect(backend.done).toEqual([]);
    client.room = -1;
    backend.says("b");
    expect(backend.done).toEqual(["pause"]);
    tunnel.drain();
    expect(backend.done).toEqual(["pause", "resume"]);
  });

  test("reads no more of the client until the backend has taken half of what waits", () => {
    const { tunnel, clock, backend, client } = tunnelled({ idleTimeout: 0 });
    backend.bufferedAmount = MB;
    tunnel.message("a");
    expect(client.done).toEqual([]);
    backend.bufferedAmount = MB + 1;
    tunnel.message("b");
    expect(client.done).toEqual(["pause"]);
    clock.advance(100);
    expect(client.done).not.toContain("resume");
    backend.bufferedAmount = MB / 2;
    clock.advance(100);
    expect(client.done.at(-1)).toBe("resume");
    backend.bufferedAmount = 0;
    clock.advance(100);
    expect(clock.pending).toBe(0);
  });

  test("looks after neither end once it is over", () => {
    const { tunnel, clock, backend, client, exchange } = tunnelled({ idleTimeout: 0 });
    backend.bufferedAmount = 2 * MB;
    tunnel.message("a");
    backend.bufferedAmount = 0;
    tunnel.close(1000, "");
    const before = [...client.done, ...backend.done];
    tunnel.message("late");
    tunnel.drain();
    tunnel.close(1001, "again");
    tunnel.shut(1001, "again");
    backend.closes(1000);
    clock.advance(100);
    expect([...client.done, ...backend.done]).toEqual(before);
    expect(clock.pending).toBe(0);
    expect(exchange.messagesIn).toBe(2);
  });
});

describe("the end of a tunnel", () => {
  test.each([
    [1000, "done", "close 1000 done"],
    [1001, "bye", "close 1001 bye"],
    [1011, "", "close 1011 "],
    [3000, "registered", "close 3000 registered"],
    [4321, "own words", "close 4321 own words"],
    [1005, "", "close"],
  ])("by either side with %i %p is %p for the other", async (code, reason, done) => {
    const byClient = tunnelled();
    byClient.tunnel.close(code, reason);
    expect(byClient.backend.done).toEqual([done]);
    expect(byClient.client.done).toEqual([]);
    const byBackend = tunnelled();
    byBackend.backend.closes(code, reason);
    expect(byBackend.client.done).toEqual([done]);
    expect(byBackend.backend.done).toEqual([]);
    for (const { exchange, state, tunnels, clock } of [byClient, byBackend]) {
      await turn();
      expect(state.ended).toBe(true);
      expect(tunnels.size).toBe(0);
      expect(clock.pending).toBe(0);
      expect(exchange.errorCode).toBeUndefined();
    }
  });

  test("without a close cuts the other's connection, and is the cause in the row", () => {
    const byClient = tunnelled();
    byClient.tunnel.close(1006, "");
    expect(byClient.backend.done).toEqual(["terminate"]);
    expect(byClient.exchange).toMatchObject({ errorCode: "client_closed", endedBy: "client" });
    const byBackend = tunnelled();
    byBackend.backend.closes(1006, "");
    expect(byBackend.client.done).toEqual(["terminate"]);
    expect(byBackend.exchange).toMatchObject({
      errorCode: "backend_connection_closed",
      endedBy: "backend",
    });
    for (const { tunnels, clock } of [byClient, byBackend]) {
      expect(tunnels.size).toBe(0);
      expect(clock.pending).toBe(0);
    }
  });

  test("with a code that the other end may not send cuts its connection", () => {
    const { tunnel, backend } = tunnelled();
    backend.closeError = new DOMException("not a code", "InvalidAccessError");
    tunnel.close(1015, "");
    expect(backend.done).toEqual(["terminate"]);
  });

  test("by the gateway is reported to both ends", async () => {
    const { tunnel, backend, client, state, tunnels } = tunnelled();
    tunnel.shut(1001, "the gateway stops");
    expect(client.done).toEqual(["close 1001 the gateway stops"]);
    expect(backend.done).toEqual(["close 1001 the gateway stops"]);
    await turn();
    expect(state.ended).toBe(true);
    expect(tunnels.size).toBe(0);
  });

  test("before there is a client's end concerns the backend alone", async () => {
    const shut = tunnelled({ open: false });
    shut.tunnel.shut(1011, "no");
    expect(shut.backend.done).toEqual(["close 1011 no"]);
    const closed = tunnelled({ open: false });
    closed.backend.closes(1000);
    await turn();
    expect([shut.state.ended, closed.state.ended]).toEqual([true, true]);
  });

  test("before there is a client's end closes that one when it comes", () => {
    const { tunnel, backend, client, tunnels } = tunnelled({ open: false });
    backend.closes(4000, "bye");
    tunnel.open(client);
    expect(client.done).not.toEqual([]);
    expect(tunnels.size).toBe(0);
  });

  test("counts what still arrives from the backend before it", () => {
    const { backend, exchange } = tunnelled({ open: false });
    backend.says("early");
    expect(exchange).toMatchObject({ messagesOut: 1, bytesOut: 5 });
  });
});

describe("what waits in a tunnel", () => {
  test("is delivered before the close that follows it", () => {
    const { tunnel, backend, clock, tunnels } = tunnelled();
    backend.bufferedAmount = 3 * MB;
    tunnel.message("a");
    tunnel.close(1000, "done");
    for (let left = 3; left > 0; left -= 1) {
      backend.bufferedAmount = left * MB - 1;
      clock.advance(4_000);
    }
    expect(backend.done).toEqual(["send a"]);
    expect(tunnels.size).toBe(0);
    backend.bufferedAmount = 0;
    clock.advance(100);
    expect(backend.done).toEqual(["send a", "close 1000 done"]);
    expect(tunnels.waiting.total).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["backend", "client"],
    ["client", "backend"],
  ] as const)(
    "for a %s that takes nothing more is dropped after the %s's close",
    (stuck, closing) => {
      const ends = tunnelled();
      const { tunnel, backend, client, clock, tunnels } = ends;
      if (stuck === "backend") {
        backend.bufferedAmount = 3 * MB;
        tunnel.message("a");
        tunnel.close(1000, "");
      } else {
        client.buffered = 3 * MB;
        client.room = -1;
        backend.says("a");
        backend.closes(1000);
      }
      clock.advance(4_999);
      expect(ends[stuck].done).not.toContain("terminate");
      clock.advance(100);
      expect(ends[stuck].done.at(-1)).toBe("terminate");
      expect(ends[closing].done).not.toContain("terminate");
      expect(tunnels.waiting.total).toBe(0);
      expect(clock.pending).toBe(0);
    },
  );

  test("is dropped at once when the client has vanished", () => {
    const { tunnel, backend, clock, tunnels } = tunnelled();
    backend.bufferedAmount = 3 * MB;
    tunnel.message("a");
    tunnel.close(1006, "");
    expect(backend.done.at(-1)).toBe("terminate");
    expect(tunnels.waiting.total).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("has a client that is not read pinged each second, so that its leaving is noticed", () => {
    const { tunnel, backend, client, clock } = tunnelled();
    backend.bufferedAmount = 3 * MB;
    tunnel.message("a");
    clock.advance(10_000);
    const pings = client.done.filter((done) => done === "ping").length;
    expect(pings).toBeGreaterThanOrEqual(9);
    expect(pings).toBeLessThanOrEqual(10);
  });

  test("in all of them together is bounded, and those stuck for longest are given up", async () => {
    const tunnels = new Tunnels(10 * MB);
    const stuckBackend = tunnelled({ tunnels });
    stuckBackend.backend.bufferedAmount = 4 * MB;
    stuckBackend.tunnel.message("a");
    stuckBackend.clock.advance(1_000);
    const moving = tunnelled({ tunnels });
    moving.clock.advance(2_000);
    moving.backend.bufferedAmount = 4 * MB;
    moving.tunnel.message("b");
    expect(tunnels.waiting.total).toBe(8 * MB);
    const stuckClient = tunnelled({ tunnels });
    stuckClient.clock.advance(1_000);
    stuckClient.client.buffered = 4 * MB;
    stuckClient.client.room = -1;
    stuckClient.backend.says("c");
    expect(tunnels.waiting.total).toBe(8 * MB);
    expect(stuckBackend.backend.done.at(-1)).toBe("terminate");
    expect(stuckBackend.client.done.at(-1)).toMatch(/^close 1013 /);
    expect(stuckBackend.exchange.errorCode).toBe("backend_stalled");
    moving.backend.bufferedAmount = 7 * MB;
    moving.tunnel.message("d");
    expect(stuckClient.client.done.at(-1)).toBe("terminate");
    expect(stuckClient.backend.done.at(-1)).toMatch(/^close 1013 /);
    expect(stuckClient.exchange.errorCode).toBe("client_stalled");
    expect(tunnels.waiting.total).toBe(7 * MB);
    await turn();
    expect([stuckBackend, stuckClient, moving].map(({ state }) => state.ended)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe("a tunnel in which nothing moves", () => {
  test("is closed to both ends after the idle time, and its row says why", async () => {
    const { clock, backend, client, exchange, state } = tunnelled();
    clock.advance(59_999);
    expect(client.done).toEqual([]);
    clock.advance(1);
    expect(client.done).toEqual(["close 1001 idle"]);
    expect(backend.done).toEqual(["close 1001 idle"]);
    expect(exchange).toMatchObject({
      errorCode: "websocket_idle",
      errorDetail: "no message in either direction for 60000 ms",
    });
    await turn();
    expect(state.ended).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("is kept open by messages of either side", () => {
    const { tunnel, clock, backend, exchange } = tunnelled();
    for (let round = 0; round < 5; round += 1) {
      clock.advance(59_000);
      tunnel.message("a");
      clock.advance(59_000);
      backend.says("b");
    }
    expect(exchange.errorCode).toBeUndefined();
    clock.advance(60_000);
    expect(exchange.errorCode).toBe("websocket_idle");
  });

  test("stays open forever if no idle timeout is set", () => {
    const { clock, exchange } = tunnelled({ idleTimeout: 0 });
    expect(clock.pending).toBe(0);
    clock.advance(1e9);
    expect(exchange.errorCode).toBeUndefined();
  });
});
