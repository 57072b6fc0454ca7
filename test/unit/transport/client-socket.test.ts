import { describe, expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { findClientSocket } from "../../../src/transport/client-socket.ts";
import { hasProc } from "../../support/proc.ts";
import { createStage } from "../../support/stage.ts";

const stage = createStage();

/** A server of this process, and a client that is connected to it: `server` is this process' end. */
async function connected(host: string, to = host): Promise<{ client: Socket; server: Socket }> {
  const accepting = Promise.withResolvers<Socket>();
  const listener = createServer(accepting.resolve);
  await new Promise<void>((resolve) => {
    listener.listen(0, host, resolve);
  });
  const address = listener.address();
  const client = connect(typeof address === "object" ? (address?.port ?? 0) : 0, to);
  const server = await accepting.promise;
  stage.defer(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}

describe.skipIf(!hasProc)("the socket of a client", () => {
  test.each([
    ["IPv4", "127.0.0.1", "127.0.0.1"],
    ["IPv6", "::1", "::1"],
    ["IPv4 at an IPv6 listener", "::", "127.0.0.1"],
  ])("is found over %s and known to be open until it is closed", async (_name, host, to) => {
    const { server } = await connected(host, to);
    const address = (server.remoteAddress ?? "").replace("::ffff:", "");
    const found = findClientSocket(address, server.remotePort ?? 0);
    expect(found?.isOpen()).toBe(true);
    const closed = new Promise((resolve) => {
      server.on("close", resolve);
    });
    server.destroy();
    await closed;
    expect(found?.isOpen()).toBe(false);
  });

  test("is not found for an address without a connection", async () => {
    const { server } = await connected("127.0.0.1");
    expect(findClientSocket("192.0.2.1", server.remotePort ?? 0)).toBeUndefined();
    expect(findClientSocket("127.0.0.1", 1)).toBeUndefined();
    expect(findClientSocket("not an address", 1)).toBeUndefined();
    expect(findClientSocket("fe80::1%eth0", 1)).toBeUndefined();
    expect(findClientSocket("2001:db8::192.0.2.1", 1)).toBeUndefined();
  });
});
