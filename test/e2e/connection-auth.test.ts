import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { hasProc } from "../support/proc.ts";
import { type RawAnswer, parseAnswer } from "../support/raw-http.ts";
import { startSocketServer } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** Attributes all requests on a connection to the user that authenticated on it, as IIS does. */
function startNtlmBackend(): Promise<string> {
  return startSocketServer(stage, (socket) => {
    let user: string | undefined;
    let hasBegun = false;
    socket.on("data", (bytes: Buffer) => {
      const given = /authorization: NTLM (\S+)/i.exec(bytes.toString("latin1"))?.[1];
      if (given === "begin") hasBegun = true;
      else if (given !== undefined && hasBegun) user = given;
      const content = user ?? "nobody";
      const head =
        user === undefined
          ? `401 Unauthorized\r\nWWW-Authenticate: NTLM${hasBegun ? " challenge" : ""}`
          : "200 OK";
      socket.write(`HTTP/1.1 ${head}\r\nContent-Length: ${content.length}\r\n\r\n${content}`);
    });
  });
}

function open(port: number, localPort?: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: "127.0.0.1", ...(localPort && { localPort }) });
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(socket));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
  });
}

/** A client with one connection, on which it asks again and again. */
async function startClient(port: number, localPort?: number) {
  // A port that was in use a moment ago may not be free yet.
  const socket = await eventually(() => open(port, localPort));
  stage.defer(() => socket.destroy());
  const ask = (...fields: string[]): Promise<RawAnswer> =>
    new Promise((resolve) => {
      socket.once("data", (bytes: Buffer) => resolve(parseAnswer(bytes.toString("latin1"))));
      socket.write(["GET / HTTP/1.1", "Host: gateway", ...fields, "", ""].join("\r\n"));
    });
  const logIn = async (name: string) => {
    await ask("Authorization: NTLM begin");
    return (await ask(`Authorization: NTLM ${name}`)).content;
  };
  const leave = () =>
    new Promise((resolve) => {
      socket.on("close", resolve);
      socket.resetAndDestroy();
    });
  return { ask, logIn, leave, port: socket.localPort ?? 0 };
}

async function startOver(server: Readonly<Record<string, unknown>> = {}) {
  return startGateway(stage, {
    server,
    health_check: noHealthChecks,
    rate_limiting: { enabled: false },
    routes: [{ path: "/*", backends: [await startNtlmBackend()] }],
  });
}

describe.skipIf(!hasProc)("a backend that authenticates connections", () => {
  test("sees each client as itself", async () => {
    const { port } = await startOver();
    const [alice, bob, carol] = [
      await startClient(port),
      await startClient(port),
      await startClient(port),
    ];
    expect(await alice.logIn("alice")).toBe("alice");
    expect((await bob.ask()).content).toBe("nobody");
    expect(await bob.logIn("bob")).toBe("bob");
    for (let round = 0; round < 3; round += 1) {
      expect((await alice.ask()).content).toBe("alice");
      expect((await bob.ask()).content).toBe("bob");
      expect((await carol.ask()).status).toBe(401);
    }
  });

  test("does not take a client for another that had the same address and port", async () => {
    const { port } = await startOver();
    const alice = await startClient(port);
    expect(await alice.logIn("alice")).toBe("alice");
    await alice.leave();
    const mallory = await startClient(port, alice.port);
    expect((await mallory.ask()).content).toBe("nobody");
  });

  test.each([
    ["a trusted proxy", { trusted_proxies: ["127.0.0.1"] }, []],
    ["a proxy that tells of itself", {}, ["Via: 1.1 proxy"]],
    ["a proxy that tells of the client", {}, ["X-Forwarded-For: 192.0.2.1"]],
  ])("never has anybody authenticated through %s", async (_name, server, fields) => {
    const { port } = await startOver(server);
    const proxy = await startClient(port);
    await proxy.ask("Authorization: NTLM begin", ...fields);
    const { status } = await proxy.ask("Authorization: NTLM alice", ...fields);
    expect(status).toBe(401);
    expect((await proxy.ask(...fields)).content).toBe("nobody");
  });
});
