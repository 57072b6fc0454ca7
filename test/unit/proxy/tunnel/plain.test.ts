import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { PlainTunnel } from "../../../../src/proxy/tunnel/plain.ts";
import { Tunnels } from "../../../../src/proxy/tunnel/tunnel.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeChannel, FakeRecord } from "./fake-channel.ts";

const MB = 1024 * 1024;

function tunnelled({ idleTimeout = 60_000, tunnels = new Tunnels(), open = true } = {}) {
  const clock = new FakeClock();
  const record = new FakeRecord();
  const client = new FakeChannel();
  const backend = new FakeChannel();
  const tunnel = new PlainTunnel(record, backend, { idleTimeout, clock, tunnels });
  if (open) tunnel.open(client);
  return { clock, record, client, backend, tunnel, tunnels };
}

describe("a tunnel", () => {
  test("passes bytes on both ways, and counts them", () => {
    const { client, backend, record, tunnels, tunnel } = tunnelled();
    expect([...tunnels]).toEqual([tunnel]);
    client.receives("hello");
    expect(backend.take().toString()).toBe("hello");
    backend.receives("you");
    expect(client.take().toString()).toBe("you");
    expect(record).toMatchObject({ bytesIn: 5, bytesOut: 3, messagesIn: 0, failures: [] });
  });

  test("listens to the backend only once the client's connection is there", () => {
    const { tunnel, client, backend } = tunnelled({ open: false });
    expect(backend.isOpen).toBe(false);
    tunnel.open(client);
    expect([client.isOpen, backend.isOpen]).toEqual([true, true]);
  });

  test.each([
    ["client", "backend"],
    ["backend", "client"],
  ] as const)("does not read the %s while the %s accepts nothing more", (source, full) => {
    const ends = tunnelled();
    ends[full].hasRoom = false;
    ends[source].receives("a");
    expect(ends[source].done).toEqual(["pause"]);
    ends[source].receives("b");
    expect(ends[source].done).toEqual(["pause"]);
    expect(ends.tunnels.queued.total).toBe(2);
    ends[full].drains();
    expect(ends[source].done).toEqual(["pause", "resume"]);
    expect(ends.tunnels.queued.total).toBe(0);
  });
});

describe("the end of a tunnel", () => {
  test.each([
    ["client", "backend"],
    ["backend", "client"],
  ] as const)(
    "of the %s's sending is passed on, and the other direction stays open",
    (one, other) => {
      const ends = tunnelled();
      ends[one].ends();
      expect(ends[other].done).toEqual(["end"]);
      ends[other].receives("the rest");
      expect(ends[one].take().toString()).toBe("the rest");
      ends[other].ends();
      expect(ends[one].done).toEqual(["end"]);
      expect(ends.tunnels.size).toBe(1);
      ends[other].closes();
      ends[one].closes();
      expect(ends.tunnels.size).toBe(0);
      expect(ends.record.failures).toEqual([]);
      expect(ends.clock.pending).toBe(0);
    },
  );

  test("is complete when a connection that was ended before closes", () => {
    const { client, backend, record, tunnels } = tunnelled();
    client.ends();
    backend.closes();
    expect(client.done).toEqual(["end"]);
    client.closes();
    expect(tunnels.size).toBe(0);
    expect(record.failures).toEqual([]);
  });

  test("cuts connections that stay open although both have ended", () => {
    const { client, backend, clock, record, tunnels } = tunnelled();
    client.ends();
    backend.ends();
    clock.advance(5_000);
    expect([client.done.at(-1), backend.done.at(-1)]).toEqual(["cut", "cut"]);
    expect(tunnels.size).toBe(0);
    expect(record.failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["client", "backend", "client_closed"],
    ["backend", "client", "backend_connection_closed"],
  ] as const)("by a %s that disappears cuts the %s, and is named", (one, other, code) => {
    const ends = tunnelled();
    ends[one].closes(new Error("reset"));
    expect(ends[other].done).toEqual(["cut"]);
    expect(ends.record.code).toBe(code);
    expect(ends.tunnels.size).toBe(0);
    ends[other].receives("late");
    ends[other].ends();
    ends[other].closes();
    expect(ends[one].take()).toHaveLength(0);
    expect(ends.record.failures).toHaveLength(1);
    expect(ends.clock.pending).toBe(0);
  });

  test("by a client that leaves while the backend still sends is the client's", () => {
    const { client, backend, record } = tunnelled();
    client.ends();
    backend.receives("more");
    client.closes(new Error("reset"));
    expect(backend.done).toEqual(["end", "cut"]);
    expect(record.code).toBe("client_closed");
  });

  test("by the exchange's time cuts both", () => {
    const { client, backend, record, tunnel } = tunnelled();
    tunnel.interrupt(new GatewayError("exchange_timeout", "too long"));
    expect([client.done, backend.done]).toEqual([["cut"], ["cut"]]);
    expect(record.failures).toEqual([["exchange_timeout", "too long"]]);
    tunnel.interrupt(new GatewayError("gateway_stopping", "stopping"));
    expect(record.failures).toHaveLength(1);
  });

  test("by a stop waits as for other exchanges", () => {
    const { client, tunnel } = tunnelled();
    tunnel.stop();
    expect(client.done).toEqual([]);
  });

  test("before the client's connection is there closes the backend's", () => {
    const cancelled = tunnelled({ open: false });
    cancelled.tunnel.interrupt(new GatewayError("client_closed", "gone"));
    expect(cancelled.backend.done).toEqual(["cut"]);
    cancelled.tunnel.open(cancelled.client);
    expect(cancelled.client.done).toEqual(["cut"]);
    expect(cancelled.tunnels.size).toBe(0);
    const replaced = tunnelled({ open: false });
    replaced.tunnel.end();
    expect(replaced.backend.done).toEqual(["cut"]);
    expect(replaced.clock.pending).toBe(0);
  });

  test("of its exchange leaves a tunnel alone that has a client", () => {
    const { tunnel, backend } = tunnelled();
    tunnel.end();
    tunnel.interrupt(new GatewayError("client_closed", "gone"));
    expect(backend.done).toEqual([]);
  });
});

describe("a tunnel in which nothing passes", () => {
  test("is cut after the idle time, and its row says why", () => {
    const { client, backend, clock, record } = tunnelled();
    clock.advance(59_000);
    client.receives("a");
    clock.advance(59_000);
    backend.receives("b");
    clock.advance(59_999);
    expect(record.failures).toEqual([]);
    clock.advance(1);
    expect([client.done, backend.done]).toEqual([["cut"], ["cut"]]);
    expect(record.failures).toEqual([
      ["upgrade_idle", "nothing has passed in either direction for 60000 ms"],
    ]);
    expect(clock.pending).toBe(0);
  });

  test("stays open forever if no idle timeout is set", () => {
    const { clock, record } = tunnelled({ idleTimeout: 0 });
    clock.advance(1e9);
    expect(record.failures).toEqual([]);
  });
});

describe("what is queued in tunnels", () => {
  test("is bounded in all together: the end that has been stuck for longest is given up", () => {
    const tunnels = new Tunnels(10 * MB);
    const piece = Buffer.alloc(4 * MB);
    const stuckBackend = tunnelled({ tunnels });
    stuckBackend.backend.hasRoom = false;
    stuckBackend.client.receives(piece);
    const stuckClient = tunnelled({ tunnels });
    stuckClient.client.hasRoom = false;
    stuckClient.backend.receives(piece);
    expect(tunnels.queued.total).toBe(8 * MB);
    stuckClient.backend.receives(piece);
    expect(stuckBackend.record.code).toBe("backend_stalled");
    expect(stuckBackend.client.done.at(-1)).toBe("cut");
    expect(tunnels.queued.total).toBe(8 * MB);
    stuckClient.backend.receives(piece);
    expect(stuckClient.record.code).toBe("client_stalled");
    expect(tunnels.queued.total).toBe(0);
    expect(tunnels.size).toBe(0);
  });

  test("is forgotten when an end leaves", () => {
    const { client, backend, tunnels } = tunnelled();
    backend.hasRoom = false;
    client.receives("a");
    client.closes(new Error("reset"));
    expect(backend.done).toEqual(["cut"]);
    expect(tunnels.queued.total).toBe(0);
  });
});
