import { describe, expect, test } from "bun:test";
import { ConnectionPool } from "../../../src/transport/pool.ts";
import { type Asker, Attempt } from "../../../src/transport/attempt.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startSocketServer } from "../../support/socket-server.ts";
import { createStage } from "../../support/stage.ts";
import { backendRequest, contentOf, type RequestChanges } from "./support.ts";

const stage = createStage();

/** A client's connection, open until a test closes it. */
const client = () => ({
  clientConnection: { peer: "192.0.2.1", peerPort: 1_001, tls: undefined, isOpen: true },
});
const PROXY = { clientConnection: undefined };
const NTLM = (text: string) => ["authorization", `NTLM ${text}`];

/** A backend that authenticates connections, and says as whom it takes a request. */
async function startNtlmBackend() {
  const connections: number[] = [];
  let closed = 0;
  const url = await startSocketServer(stage, (socket) => {
    const number = connections.push(0) - 1;
    socket.on("close", () => {
      closed += 1;
    });
    let user: string | undefined;
    let hasBegun = false;
    socket.on("data", (bytes: Buffer) => {
      connections[number] = (connections[number] ?? 0) + 1;
      const given = /authorization: NTLM (\S+)/i.exec(bytes.toString("latin1"))?.[1];
      if (given === "begin") hasBegun = true;
      else if (given !== undefined && hasBegun) user = given;
      const [status, field] =
        user === undefined
          ? ["401 Unauthorized", `WWW-Authenticate: NTLM${hasBegun ? " challenge" : ""}\r\n`]
          : ["200 OK", ""];
      const content = user ?? "nobody";
      socket.write(
        `HTTP/1.1 ${status}\r\n${field}Content-Length: ${content.length}\r\n\r\n${content}`,
      );
    });
  });
  return { url, connections, closed: () => closed };
}

function startReservingPool(url: string) {
  const clock = new FakeClock();
  const [ALICE, BOB] = [client(), client()];
  const pool = new ConnectionPool({ clock });
  stage.defer(() => pool.close());
  const ask = async (changes: RequestChanges) => {
    const request = backendRequest({ origin: url, ...changes }, clock);
    return contentOf(await new Attempt(request, 0).sendBy((attempt) => pool.send(attempt)));
  };
  const logIn = async (name: string, from: Asker) => {
    await ask({ from, fields: NTLM("begin") });
    return ask({ from, fields: NTLM(name) });
  };
  return { clock, ask, logIn, ALICE, BOB };
}

describe("a connection that its backend has authenticated", () => {
  test("carries the requests of one client connection, and of no other", async () => {
    const { url, connections } = await startNtlmBackend();
    const { ask, logIn, ALICE, BOB } = startReservingPool(url);
    expect(await ask({ from: ALICE })).toBe("nobody");
    expect(await logIn("alice", ALICE)).toBe("alice");
    expect(await ask({ from: ALICE })).toBe("alice");
    expect(await ask({ from: BOB })).toBe("nobody");
    expect(await ask({ from: PROXY })).toBe("nobody");
    expect(await logIn("bob", BOB)).toBe("bob");
    expect(await ask({ from: ALICE })).toBe("alice");
    expect(await ask({ from: BOB })).toBe("bob");
    expect(connections.slice(0, 2)).toEqual([5, 4]);
  });

  test("stays for as long as its client does, and is closed soon after", async () => {
    const { url, closed, connections } = await startNtlmBackend();
    const { ask, logIn, clock, ALICE } = startReservingPool(url);
    await logIn("alice", ALICE);
    clock.advance(3_600_000);
    expect(await ask({ from: ALICE })).toBe("alice");
    ALICE.clientConnection.isOpen = false;
    clock.advance(4_000);
    expect(await ask({ from: ALICE })).toBe("nobody");
    expect(closed()).toBe(1);
    expect(connections).toHaveLength(2);
  });

  test("carries nothing further if clients cannot be distinguished", async () => {
    const { url, connections } = await startNtlmBackend();
    const { ask, logIn } = startReservingPool(url);
    expect(await logIn("alice", PROXY)).toBe("nobody");
    expect(await ask({ from: PROXY })).toBe("nobody");
    expect(connections).toEqual([1, 1, 1]);
  });
});

test("a connection that was given such credentials unasked carries nothing further", async () => {
  let connections = 0;
  const url = await startSocketServer(stage, (socket) => {
    connections += 1;
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  const { ask, ALICE, BOB } = startReservingPool(url);
  await ask({ from: ALICE, fields: ["authorization", "Negotiate YII="] });
  await ask({ from: BOB });
  await ask({ from: ALICE });
  expect(connections).toBe(2);
});
