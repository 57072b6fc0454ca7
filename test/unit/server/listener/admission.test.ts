import { describe, expect, test } from "bun:test";
import {
  Admission,
  type ConnectionLimits,
  type Gate,
} from "../../../../src/server/listener/admission.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

interface Options {
  readonly limits?: Partial<ConnectionLimits>;
  /** How many connections the limit on file descriptors leaves room for. */
  readonly room?: number;
  readonly canPause?: boolean;
}

/** Connections by name; those that are idle in the order in which they became so. */
function port({ limits, room = 1_000, canPause = true }: Options = {}) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const open = new Set<string>();
  const idle = new Set<string>();
  let isPaused = false;
  const all = { maxConnections: 3, maxConnectionsPerClient: 0, ...limits };
  const admission = new Admission({
    clock,
    logger: { log: (level, message) => lines.push(`${level}: ${message}`) },
    limits: all,
    closeOldestIdle: () => {
      const [oldest] = idle;
      if (oldest !== undefined) close(oldest);
      return oldest !== undefined;
    },
    hasIdle: () => idle.size > 0,
    clients: () => open,
  });
  admission.room = { connections: room, limit: 64 };
  const gate: Gate = {
    pause: () => (isPaused = canPause),
    resume: () => (isPaused = false),
  };
  admission.addGate(gate);
  function enter(...names: string[]) {
    return names.map((name) => {
      const place = admission.enter();
      if (place === "stays") open.add(name);
      return place;
    });
  }
  function close(name: string) {
    idle.delete(name);
    if (open.delete(name)) admission.leave(name);
  }
  return {
    admission,
    clock,
    lines,
    idle,
    enter,
    close,
    all,
    open: () => [...open],
    isPaused: () => isPaused,
  };
}

describe("below max_connections", () => {
  test("connections come and go", () => {
    const { enter, close, open, isPaused, lines, clock } = port();
    enter("a", "b");
    close("a");
    enter("c");
    expect(open()).toEqual(["b", "c"]);
    expect(isPaused()).toBe(false);
    expect(lines).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe("at max_connections", () => {
  test("the connection that has been idle for longest makes room", () => {
    const { enter, idle, open, isPaused, admission } = port();
    enter("a", "b", "c");
    idle.add("c");
    idle.add("a");
    enter("d", "e");
    expect(open()).toEqual(["b", "d", "e"]);
    expect(admission.connections).toBe(3);
    expect(isPaused()).toBe(true);
  });

  test("accepting pauses while none is idle, until one leaves", () => {
    const { enter, close, isPaused, clock } = port();
    enter("a", "b");
    expect(isPaused()).toBe(false);
    enter("c");
    expect(isPaused()).toBe(true);
    close("b");
    expect(isPaused()).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test("accepting goes on soon after one has become idle", () => {
    const { enter, idle, open, isPaused, clock } = port();
    enter("a", "b", "c");
    clock.advance(1_000);
    expect(isPaused()).toBe(true);
    idle.add("b");
    clock.advance(100);
    expect(isPaused()).toBe(false);
    enter("d");
    expect(open()).toEqual(["a", "c", "d"]);
  });

  test("a connection that was accepted before accepting paused waits", () => {
    const { enter, idle, close, open, isPaused } = port();
    idle.add("a");
    enter("a", "b", "c");
    idle.delete("a");
    expect(enter("d")).toEqual(["waits"]);
    expect(isPaused()).toBe(true);
    close("b");
    expect(isPaused()).toBe(false);
    expect(enter("d")).toEqual(["stays"]);
    expect(open()).toEqual(["a", "c", "d"]);
    expect(isPaused()).toBe(true);
  });

  test("further connections are refused where accepting cannot pause", () => {
    const { enter, close, open } = port({ canPause: false });
    expect(enter("a", "b", "c", "d", "e")).toEqual([
      "stays",
      "stays",
      "stays",
      "refused",
      "refused",
    ]);
    close("a");
    enter("f");
    expect(open()).toEqual(["b", "c", "f"]);
  });

  test("that is reported once, and once that it is over", () => {
    const { enter, close, idle, lines } = port({ limits: { maxConnections: 20 } });
    const names = Array.from({ length: 20 }, (_, index) => `${index}`);
    enter(...names);
    for (const name of names) idle.add(name);
    enter("a", "b", "c");
    close("a");
    enter("d");
    expect(lines).toEqual([
      "warn: 20 client connections are open, as many as `server.max_connections` allows; idle ones are closed, the oldest first, and while none is idle, new clients wait",
    ]);
    close("b");
    close("c");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe("info: there is room for client connections again");
    close("d");
    expect(lines).toHaveLength(2);
  });

  test("that is reported at most once a minute", () => {
    const { enter, close, clock, lines } = port();
    enter("a", "b", "c");
    close("a");
    enter("d");
    close("d");
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["warn", "info"]);
    clock.advance(60_000);
    enter("e");
    close("e");
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["warn", "info", "warn", "info"]);
  });

  test("with fewer file descriptors the remedy is another", () => {
    const { enter, isPaused, lines } = port({ room: 2 });
    enter("a", "b");
    expect(isPaused()).toBe(true);
    expect(lines).toEqual([
      "warn: 2 client connections are open, as many as the limit on file descriptors (64) leaves room for, with one for a backend each: raise it (`ulimit -n`, or LimitNOFILE of a systemd unit); idle ones are closed, the oldest first, and while none is idle, new clients wait",
    ]);
  });

  test("a port that opens meanwhile begins paused", () => {
    const { admission, enter, close } = port();
    enter("a", "b", "c");
    const calls: string[] = [];
    const gate = {
      pause: () => calls.push("pause") > 0,
      resume: () => void calls.push("resume"),
    };
    admission.addGate(gate);
    close("a");
    admission.removeGate(gate);
    enter("d");
    expect(calls).toEqual(["pause", "resume"]);
  });
});

describe("another max_connections", () => {
  test("lets those in that have waited", () => {
    const { admission, enter, isPaused, lines } = port({ limits: { maxConnections: 3 } });
    enter("a", "b", "c");
    admission.change({ maxConnections: 10, maxConnectionsPerClient: 0 });
    expect(isPaused()).toBe(false);
    expect(lines.at(-1)).toBe("info: there is room for client connections again");
  });

  test("closes idle connections above it, and no others", () => {
    const { admission, enter, idle, open } = port({ limits: { maxConnections: 5 } });
    enter("a", "b", "c", "d");
    idle.add("b");
    admission.change({ maxConnections: 2, maxConnectionsPerClient: 0 });
    expect(open()).toEqual(["a", "c", "d"]);
  });
});

describe("while no file descriptor is left", () => {
  test("accepting pauses and idle connections are closed", () => {
    const { admission, enter, idle, open, isPaused, clock } = port();
    enter("a", "b");
    idle.add("a");
    admission.hold();
    expect(open()).toEqual(["b"]);
    expect(isPaused()).toBe(true);
    clock.advance(10_000);
    expect(isPaused()).toBe(true);
    admission.release();
    admission.release();
    expect(isPaused()).toBe(false);
    expect(clock.pending).toBe(0);
  });
});

describe("max_connections_per_client", () => {
  test("refuses a client's further connections, and no other client's", () => {
    const { admission } = port({ limits: { maxConnections: 9, maxConnectionsPerClient: 2 } });
    const identified = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"].map((client) =>
      admission.identify(client),
    );
    expect(identified).toEqual([true, true, false, true]);
    admission.leave("192.0.2.1");
    expect(admission.identify("192.0.2.1")).toBe(true);
    expect(admission.identify("192.0.2.1")).toBe(false);
  });

  test("takes an IPv6 network of 64 bits for one client", () => {
    const { admission } = port({ limits: { maxConnectionsPerClient: 1 } });
    expect(admission.identify("2001:db8::1")).toBe(true);
    expect(admission.identify("2001:db8::ffff:2")).toBe(false);
    expect(admission.identify("2001:db8:0:1::1")).toBe(true);
  });

  test("set later counts the connections there are", () => {
    const { admission, enter, close } = port();
    enter("192.0.2.1", "192.0.2.2");
    admission.change({ maxConnections: 3, maxConnectionsPerClient: 1 });
    expect(admission.identify("192.0.2.1")).toBe(false);
    close("192.0.2.1");
    expect(admission.identify("192.0.2.1")).toBe(true);
    admission.change({ maxConnections: 3, maxConnectionsPerClient: 0 });
    expect(admission.identify("192.0.2.1")).toBe(true);
  });

  test("is reported at most once a minute", () => {
    const { admission, clock, lines } = port({ limits: { maxConnectionsPerClient: 1 } });
    admission.identify("192.0.2.1");
    for (let count = 0; count < 5; count += 1) admission.identify("192.0.2.1");
    const line =
      "info: 192.0.2.1 has 1 connections, as many as `server.max_connections_per_client` allows; further ones are closed";
    expect(lines).toEqual([line]);
    clock.advance(60_000);
    admission.identify("192.0.2.1");
    expect(lines).toEqual([line, line]);
  });
});
