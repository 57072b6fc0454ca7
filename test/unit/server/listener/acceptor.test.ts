import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { Acceptor } from "../../../../src/server/listener/acceptor.ts";
import { copyDescriptor } from "../../../../src/server/listener/descriptor-copy.ts";
import { eventually } from "../../../support/eventually.ts";

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo();
});

/** A port that answers everything with "ok"; `opened` is called for each connection. */
function listen(opened: (accepted: number) => void = () => {}, copy = copyDescriptor) {
  let accepted = 0;
  const acceptor = new Acceptor({
    hostname: "127.0.0.1",
    port: 0,
    copy,
    socket: {
      open() {
        accepted += 1;
        opened(accepted);
      },
      data: (socket) => void socket.write("ok"),
      error: () => {},
    },
  });
  cleanUp.push(() => acceptor.stop());
  return { acceptor, accepted: () => accepted };
}

/** A client that sends something at once. */
function client(port: number) {
  const socket: Socket = connect(port, "127.0.0.1");
  const { promise: connected, resolve: onConnected } = Promise.withResolvers<void>();
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>();
  let received = "";
  socket.on("connect", onConnected);
  socket.on("data", (bytes) => (received += String(bytes)));
  socket.on("error", (error: NodeJS.ErrnoException) => onEnded(error.code ?? "error"));
  socket.on("close", () => onEnded("closed"));
  socket.write("hello");
  cleanUp.push(() => socket.destroy());
  return { connected, ended, received: () => received };
}

describe("while accepting pauses", () => {
  test("clients connect and wait, and are then served", async () => {
    const { acceptor, accepted } = listen();
    const { port } = acceptor;
    const before = client(port);
    await eventually(() => before.received() === "ok");
    expect(acceptor.pause()).toBe(true);
    expect(acceptor.isPaused).toBe(true);
    const waiting = [client(port), client(port), client(port)];
    await Promise.all(waiting.map(({ connected }) => connected));
    expect(accepted()).toBe(1);
    acceptor.resume();
    await eventually(() => waiting.every(({ received }) => received() === "ok"));
    expect(accepted()).toBe(4);
    expect(acceptor.port).toBe(port);
    expect(acceptor.isPaused).toBe(false);
  });

  test("that are cut short in the middle of a rush, as often as it takes", async () => {
    const { acceptor, accepted } = listen((count) => {
      if (count % 2 === 1) acceptor.pause();
    });
    const clients = Array.from({ length: 6 }, () => client(acceptor.port));
    for (const most of [1, 3, 5]) {
      await eventually(() => acceptor.isPaused && accepted() === most);
      acceptor.resume();
    }
    await eventually(() => clients.every(({ received }) => received() === "ok"));
    expect(accepted()).toBe(6);
  });

  test("the port can be closed", async () => {
    const { acceptor } = listen();
    acceptor.pause();
    acceptor.pause();
    const waiting = client(acceptor.port);
    await waiting.connected;
    acceptor.stop();
    acceptor.resume();
    expect(await waiting.ended).toBe("ECONNRESET");
    expect(await client(acceptor.port).ended).toBe("ECONNREFUSED");
  });
});

describe("where accepting cannot pause", () => {
  test("it goes on", async () => {
    const { acceptor } = listen(undefined, () => undefined);
    expect(acceptor.pause()).toBe(false);
    acceptor.resume();
    const { received } = client(acceptor.port);
    await eventually(() => received() === "ok");
  });
});

describe("a copy of a descriptor", () => {
  test("cannot be had of none, nor without the system's library", () => {
    expect(copyDescriptor(-1)).toBeUndefined();
    expect(copyDescriptor(1, ["no-such-library.so"])).toBeUndefined();
  });
});

test("a port that is taken is an error", () => {
  const { acceptor } = listen();
  const again = () =>
    new Acceptor({ hostname: "127.0.0.1", port: acceptor.port, socket: { data: () => {} } });
  expect(again).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
});
