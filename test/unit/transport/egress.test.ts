import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { type Destination, forUpgrades } from "../../../src/upstream/destination.ts";
import { hasOpenssl, issuedForAll } from "../../support/certificates.ts";
import { listen, startSocketServer, unusedPort } from "../../support/socket-server.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import { contentOf, destination, lasting, startPool } from "./support.ts";

const stage = createStage();
const files = issuedForAll("backend", "DNS:backend.test");

/** A proxy that does with each request what a test says. */
async function startProxy(onRequest: (head: string, socket: Socket) => void) {
  const heads: string[] = [];
  const closed = Promise.withResolvers<void>();
  const url = await startSocketServer(stage, (socket) => {
    socket.on("close", () => closed.resolve());
    const onData = (bytes: Buffer) => {
      const head = bytes.toString("latin1");
      heads.push(head);
      if (head.startsWith("CONNECT")) socket.off("data", onData);
      onRequest(head, socket);
    };
    socket.on("data", onData);
  });
  return { url, heads, closed: closed.promise };
}

const answering = (head: string, socket: Socket) => socket.write(lasting(head));

describe("a backend behind an egress proxy", () => {
  test("without TLS is asked for with its whole URL, over connections that are kept", async () => {
    const { url, heads } = await startProxy(answering);
    const { send } = startPool(stage);
    const to = destination("http://backend.test:81", { proxy: url });
    const content = await contentOf(await send("", { to, target: "/a?b=1" }));
    expect(content).toStartWith(
      "GET http://backend.test:81/a?b=1 HTTP/1.1\r\nhost: backend.test:81\r\n",
    );
    await contentOf(await send("", { to }));
    expect(heads).toHaveLength(2);
  });

  test("gets the proxy's credentials no further than the proxy", async () => {
    const { url } = await startProxy(answering);
    const { send } = startPool(stage);
    const proxy = url.replace("//", "//gateway:p%40ss@");
    const content = await contentOf(
      await send("", { to: destination("http://backend.test", { proxy }) }),
    );
    const credentials = Buffer.from("gateway:p@ss").toString("base64");
    expect(content).toContain(`\r\nproxy-authorization: Basic ${credentials}\r\n`);
  });

  test.skipIf(!hasOpenssl)("with TLS is reached by a tunnel, and verified itself", async () => {
    const server = createServer({ cert: files.cert, key: files.key });
    server.on("tlsClientError", () => undefined);
    const port = await listen(stage, server, "secureConnection", (socket) => {
      socket.on("data", (bytes: Buffer) => socket.write(lasting(bytes.toString("latin1"))));
    });
    const { url, heads } = await startProxy((_, socket) => {
      const tunnel = connect(port, "127.0.0.1");
      tunnel.on("error", () => socket.destroy());
      tunnel.pipe(socket).pipe(tunnel);
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    });
    const proxy = url.replace("//", "//gateway:secret@");
    const to = (tls: Bun.TLSOptions): Destination =>
      destination("https://backend.test", { proxy, tls });
    const { send } = startPool(stage);
    const content = await contentOf(
      await send("", { to: to({ ca: files.ca, serverName: "backend.test" }), target: "/a" }),
    );
    expect(content).toBe("GET /a HTTP/1.1\r\nhost: backend.test\r\n\r\n");
    const credentials = Buffer.from("gateway:secret").toString("base64");
    expect(heads).toEqual([
      `CONNECT backend.test:443 HTTP/1.1\r\nhost: backend.test:443\r\nproxy-authorization: Basic ${credentials}\r\n\r\n`,
    ]);
    const other = send("", { to: to({ ca: files.ca, serverName: "other.test" }) });
    expect(await rejection(other)).toMatchObject({
      code: "backend_tls_failed",
      reached: "nothing",
    });
  });

  test.each([
    ["HTTP/1.1 407 Denied\r\n\r\n", "answered CONNECT with 407; write its user and password"],
    ["HTTP/1.1 502 No\r\n\r\n", "answered CONNECT with 502"],
    ["HTTP/1.1 200 OK\r\n\r\nhello", "sent bytes before the tunnel was used"],
    ["SSH-2.0\r\n\r\n", "does not answer CONNECT in HTTP/1.1"],
    ["x".repeat(20_000), "answer is too long"],
    ["", "closed the connection"],
  ])("is not reached when the proxy sends %p", async (sent, reason) => {
    const { url } = await startProxy((_, socket) => {
      if (sent === "") socket.end();
      else socket.write(sent);
    });
    const { send } = startPool(stage);
    const to = destination("https://backend.test", { proxy: url, tls: {} });
    const error = await rejection(send("", { to }));
    expect(error).toMatchObject({ code: "backend_unreachable", reached: "nothing" });
    expect((error as Error).message).toContain(reason);
  });

  test("is reached by a tunnel for an upgrade, without TLS too", async () => {
    const { url, heads } = await startProxy((_, socket) => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.once("data", (head: Buffer) => {
        heads.push(head.toString());
        socket.write("HTTP/1.1 101 Upgraded\r\nUpgrade: tcp\r\n\r\nearly");
      });
    });
    const { send } = startPool(stage);
    const to = forUpgrades(destination("http://backend.test", { proxy: url }));
    const { channel } = await send("", { to, target: "/a", upgrade: "tcp" });
    const received = await new Promise((resolve) => {
      channel?.open({
        received: (bytes) => resolve(bytes.toString()),
        drained: () => {},
        ended: () => {},
        closed: () => {},
      });
    });
    expect(received).toBe("early");
    expect(heads[0]).toStartWith("CONNECT backend.test:80 HTTP/1.1\r\n");
    expect(heads[1]).toStartWith("GET /a HTTP/1.1\r\nhost: backend.test\r\n");
  });

  test("is not reached when there is no proxy, and the proxy is named", async () => {
    const proxy = `http://127.0.0.1:${await unusedPort()}`;
    const { send } = startPool(stage);
    expect(
      await rejection(send("", { to: destination("http://backend.test", { proxy }) })),
    ).toMatchObject({
      code: "backend_unreachable",
      message: "the egress proxy cannot be reached",
      reached: "nothing",
    });
  });

  test("is given up at the connect timeout, and the proxy's connection is closed", async () => {
    const asked = Promise.withResolvers<void>();
    const { url, closed } = await startProxy(() => asked.resolve());
    const { send, clock } = startPool(stage);
    const to = destination("https://backend.test", { proxy: url, tls: {}, connectTimeout: 1_000 });
    const failure = rejection(send("", { to }));
    await asked.promise;
    clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "backend_connect_timeout", reached: "nothing" });
    await closed;
  });
});
