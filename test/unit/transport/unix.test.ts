import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../../src/time/clock.ts";
import { networkProbe } from "../../../src/transport/probe.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import { contentOf, destination, lasting, startPool } from "./support.ts";

const stage = createStage();

/** A server on a Unix socket that answers each request with its header section. */
async function startUnixServer() {
  const socketPath = join(stage.folder(), "app.sock");
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("data", (bytes) => socket.write(lasting(bytes.toString("latin1"))));
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  stage.defer(() => server.close());
  return { socketPath, connections: () => connections };
}

describe("a backend at a Unix socket", () => {
  test("gets requests over connections that are kept, with its own name as Host", async () => {
    const { socketPath, connections } = await startUnixServer();
    const { send } = startPool(stage);
    const to = destination("http://localhost", { socketPath });
    expect(await contentOf(await send("", { to, target: "/a" }))).toStartWith(
      "GET /a HTTP/1.1\r\nhost: localhost\r\n",
    );
    const fields = ["host", "client.test"];
    expect(await contentOf(await send("", { to, target: "/b", fields }))).toContain(
      "\r\nhost: client.test\r\n",
    );
    expect(connections()).toBe(1);
  });

  test("is another one than a backend at localhost", async () => {
    const { socketPath } = await startUnixServer();
    const { send } = startPool(stage);
    const other = join(stage.folder(), "none.sock");
    await send("", { to: destination("http://localhost", { socketPath }) });
    const error = await rejection(
      send("", { to: destination("http://localhost", { socketPath: other }) }),
    );
    expect(error).toMatchObject({
      code: "backend_unreachable",
      message: "the backend's Unix socket does not exist",
      reached: "nothing",
    });
  });

  test("is checked over its socket", async () => {
    const { socketPath } = await startUnixServer();
    const to = destination("http://localhost", { socketPath });
    const asked = { to, path: "/health", grpcService: undefined };
    const { signal } = new AbortController();
    expect(await networkProbe(systemClock)(asked, signal)).toMatchObject({ status: 200 });
  });
});
