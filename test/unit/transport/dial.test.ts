import { describe, expect, test } from "bun:test";
import { Attempt } from "../../../src/transport/attempt.ts";
import { Connection, type ConnectionOwner } from "../../../src/transport/connection.ts";
import { Dial } from "../../../src/transport/dial.ts";
import { type SocketOwner, plainEvents } from "../../../src/transport/socket-events.ts";
import { AnswerHeadReader } from "../../../src/wire/answer-head.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { networkError, rejection, turn } from "../proxy/network.ts";
import { backendRequest } from "./support.ts";

/** A dial whose sockets open and fail when a test says so. */
function startDial(...addresses: string[]) {
  const clock = new FakeClock();
  const dialled: string[] = [];
  const terminated: string[] = [];
  const pending = new Map<string, { open(): void; fail(error: Error): void }>();
  const owner: ConnectionOwner = {
    heads: new AnswerHeadReader(),
    idle: () => {},
    idleForLong: () => {},
    gone: () => {},
    sendSoon: (connection) => connection.sendNow(),
    answeredSoon: () => {},
    reserve: () => undefined,
    again: () => {},
    connected: () => {},
  };
  const attempt = new Attempt(backendRequest(), 0);
  const connection = new Connection(owner, attempt);
  const dial = new Dial(connection, addresses, {
    connect(
      options: Bun.TCPSocketConnectOptions<SocketOwner> | Bun.UnixSocketOptions<SocketOwner>,
    ) {
      const { data } = options;
      const hostname = "hostname" in options ? options.hostname : options.unix;
      dialled.push(hostname);
      if (hostname === "unusable") throw Object.assign(new Error("Invalid CA"), { code: "X" });
      const { promise, resolve, reject } = Promise.withResolvers<Bun.Socket<SocketOwner>>();
      pending.set(hostname, {
        open() {
          const socket = {
            data,
            write: (written: string) => written.length,
            terminate: () => terminated.push(hostname),
          } as unknown as Bun.Socket<SocketOwner>;
          void plainEvents.open?.(socket);
          resolve(socket);
        },
        fail: reject,
      });
      return promise;
    },
    way: { port: 80, socket: plainEvents },
    clock,
    name: undefined,
    areNew: true,
  });
  const failure = rejection(attempt.sendBy(() => dial.next()));
  const at = (address: string) => pending.get(address)!;
  return { clock, connection, attempt, failure, dialled, terminated, at };
}

describe("a dial of several addresses", () => {
  test("goes on to the next when one does not answer, and takes the first that opens", async () => {
    const { clock, connection, attempt, dialled, terminated, at } = startDial("a", "b", "c");
    clock.advance(249);
    expect(dialled).toEqual(["a"]);
    clock.advance(1);
    expect(dialled).toEqual(["a", "b"]);
    at("b").open();
    await turn();
    expect(connection.address).toBe("b");
    expect(attempt.reached).toBe("maybe");
    at("a").open();
    await turn();
    expect(terminated).toEqual(["a"]);
    expect(connection.address).toBe("b");
    clock.advance(1_000);
    expect(dialled).toEqual(["a", "b"]);
  });

  test("goes on at once when one refuses, and says so when none takes it", async () => {
    const { dialled, at, failure } = startDial("a", "b", "c");
    at("a").fail(networkError("ETIMEDOUT"));
    await turn();
    expect(dialled).toEqual(["a", "b"]);
    at("b").fail(networkError("ECONNREFUSED"));
    await turn();
    at("c").fail(networkError("ENETUNREACH"));
    expect(await failure).toMatchObject({
      code: "backend_unreachable",
      message: "the backend refuses connections",
      reached: "nothing",
    });
  });

  test("waits for those under way before it fails", async () => {
    const { clock, at, connection } = startDial("a", "b");
    clock.advance(250);
    at("b").fail(networkError("ECONNREFUSED"));
    await turn();
    at("a").open();
    await turn();
    expect(connection.address).toBe("a");
  });

  test("ends when nobody needs the connection any more", async () => {
    const { clock, connection, dialled, terminated, at } = startDial("a", "b");
    connection.close();
    clock.advance(1_000);
    at("a").open();
    await turn();
    expect(dialled).toEqual(["a"]);
    expect(terminated).toEqual(["a"]);
  });
});

test("a dial whose settings cannot be used fails its attempt, and dials nothing more", async () => {
  const { failure, dialled, connection } = startDial("unusable", "b");
  expect(await failure).toMatchObject({
    code: "backend_tls_failed",
    reached: "nothing",
    message: "the TLS settings for the backend are invalid",
  });
  expect(dialled).toEqual(["unusable"]);
  expect(connection.isDialling).toBe(false);
});
