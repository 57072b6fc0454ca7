import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { eventually } from "../../support/eventually.ts";
import { askRaw, converse } from "../../support/raw-http.ts";
import { createStage } from "../../support/stage.ts";
import { mockBackend, type Running, start, UNCHECKED } from "./running.ts";

const stage = createStage();
const routes = () => `${UNCHECKED}routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`;

/** A connection that has carried a request and is idle now. */
async function idleConnection({ port }: Running): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  stage.defer(() => socket.destroy());
  socket.on("error", () => {});
  socket.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

const HEALTH = ["GET /health HTTP/1.1", "Host: a"];

describe("connections of clients", () => {
  test("that have been idle for longest make room for others", async () => {
    const running = start(stage, routes(), { server: ", max_connections: 2" });
    const first = await idleConnection(running);
    const closed = new Promise((resolve) => first.once("close", resolve));
    await idleConnection(running);
    expect((await askRaw(running.port, HEALTH)).status).toBe(200);
    await closed;
    expect(running.log()).toContain("2 client connections are open");
  });

  test("that were there before count by a limit that is set later", async () => {
    const config = routes();
    const running = start(stage, config);
    const first = await idleConnection(running);
    await running.reloadWith(config, { server: ", max_connections_per_client: 1" });
    expect(await converse(running.port, `${HEALTH.join("\r\n")}\r\n\r\n`)).toBe("");
    first.destroy();
    await eventually(async () => {
      const answer = await converse(
        running.port,
        `${HEALTH.join("\r\n")}\r\nConnection: close\r\n\r\n`,
      );
      return answer.startsWith("HTTP/1.1 200");
    });
  });

  test("of a proxy must begin with the PROXY protocol, or the log says what to do", async () => {
    const running = start(stage, routes(), { server: ", proxy_protocol: [127.0.0.1]" });
    expect(await converse(running.port, "GET / HTTP/1.1\r\n\r\n")).toBe("");
    expect(running.log()).toContain("let it send the PROXY protocol, or take it off the list");
    expect(await converse(running.port, "GET / HTTP/1.1\r\n\r\n")).toBe("");
    expect(running.log().match(/let it send the PROXY protocol/g)).toHaveLength(1);
  });
});
