import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { Names } from "../../../src/transport/names.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { createStage } from "../../support/stage.ts";
import { rejection, turn } from "../proxy/network.ts";
import { contentOf, lasting, startPool } from "./support.ts";

const stage = createStage();

/** A backend that answers with its own address, at a port that others may have at other addresses. */
async function startAt(host: string, wanted = 0) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", () => socket.write(lasting(host)));
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(wanted, host, resolve);
  });
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  stage.defer(stop);
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return { port, stop, connections: () => connections };
}

/** A pool for which backend.test has the addresses that a test says. */
function startMoving(...first: string[]) {
  const state = { addresses: first, asked: 0 };
  const nameClock = new FakeClock();
  const names = new Names(nameClock, {
    async addresses() {
      state.asked += 1;
      return state.addresses;
    },
    lifetime: async () => undefined,
  });
  /** Has the name lead elsewhere, some time after it was looked up. */
  const move = (...addresses: string[]) => {
    state.addresses = addresses;
    nameClock.advance(1_000);
  };
  const { send, clock } = startPool(stage, { names, random: () => 0.5 });
  const ask = async (port: number) => contentOf(await send(`http://backend.test:${port}`));
  return { state, ask, clock, names, move };
}

describe("a name", () => {
  test("is looked up again at once when its address refuses", async () => {
    const { port, stop } = await startAt("127.0.0.1");
    const { state, ask, move } = startMoving("127.0.0.1");
    expect(await ask(port)).toBe("127.0.0.1");
    await startAt("127.0.0.2", port);
    move("127.0.0.2");
    stop();
    await turn();
    expect(await ask(port)).toBe("127.0.0.2");
    expect(state.asked).toBe(2);
  });

  test("that still leads to a closed port is a refusal after one more lookup", async () => {
    const { port, stop } = await startAt("127.0.0.1");
    const { state, ask, move } = startMoving("127.0.0.1");
    await ask(port);
    move("127.0.0.1");
    stop();
    await turn();
    expect(await rejection(ask(port))).toMatchObject({
      code: "backend_unreachable",
      reached: "nothing",
    });
    expect(state.asked).toBe(2);
  });

  test("with several addresses leads to the first that takes the connection", async () => {
    const { port } = await startAt("127.0.0.3");
    const { state, ask } = startMoving("127.0.0.1", "127.0.0.2", "127.0.0.3");
    expect(await ask(port)).toBe("127.0.0.3");
    expect(state.asked).toBe(1);
  });

  test("with addresses of both families leads to the one that is listened at", async () => {
    const { port } = await startAt("127.0.0.1");
    const { ask } = startMoving("::1", "127.0.0.1");
    expect(await ask(port)).toBe("127.0.0.1");
  });
});

describe("a pooled connection", () => {
  test("ends after a minute however much it is used", async () => {
    const { port, connections } = await startAt("127.0.0.1");
    const { ask, clock } = startMoving("127.0.0.1");
    for (let second = 0; second < 59; second += 1) {
      await ask(port);
      clock.advance(1_000);
    }
    expect(connections()).toBe(1);
    clock.advance(1_000);
    await ask(port);
    await ask(port);
    expect(connections()).toBe(2);
  });

  test("ends when its name has moved, though its backend is still there", async () => {
    const old = await startAt("127.0.0.1");
    await startAt("127.0.0.2", old.port);
    const { ask, names, move } = startMoving("127.0.0.1");
    expect(await ask(old.port)).toBe("127.0.0.1");
    move("127.0.0.2");
    await names.of("backend.test").lookUp();
    expect(await ask(old.port)).toBe("127.0.0.2");
  });

  test("stays when its name has one address more", async () => {
    const { port, connections } = await startAt("127.0.0.1");
    const { ask, names, move } = startMoving("127.0.0.1");
    await ask(port);
    move("127.0.0.2", "127.0.0.1");
    await names.of("backend.test").lookUp();
    expect(await ask(port)).toBe("127.0.0.1");
    expect(connections()).toBe(1);
  });
});
