import { describe, expect, test } from "bun:test";
import { createSecureServer, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import type { Destination } from "../../../../src/upstream/destination.ts";
import { hasOpenssl, issuedForAll } from "../../../support/certificates.ts";
import { listen, startSocketServer } from "../../../support/socket-server.ts";
import { createStage } from "../../../support/stage.ts";
import { rejection } from "../../proxy/network.ts";
import {
  http2At,
  listening,
  startFakeBackend,
  startHttp2Backend,
  startPool,
  textOf,
} from "./support.ts";

const stage = createStage();
const files = issuedForAll("backend", "IP:127.0.0.1");

/** A backend with TLS that speaks both versions, or one. */
async function startSecureBackend(alpn: string[]) {
  if (!alpn.includes("h2")) {
    const server = createTlsServer({ cert: files.cert, key: files.key, ALPNProtocols: alpn });
    let connections = 0;
    server.on("tlsClientError", () => undefined);
    const port = await listen(stage, server, "secureConnection", (socket) => {
      connections += 1;
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1.1"));
    });
    return { origin: `https://127.0.0.1:${port}`, connections: () => connections };
  }
  const sessions: Http2Session[] = [];
  const server = createSecureServer({ cert: files.cert, key: files.key });
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (opened) => {
    const stream = opened as ServerHttp2Stream;
    stream.respond({ ":status": 200 });
    stream.end("2");
  });
  const port = await listening(stage, server, sessions);
  return { origin: `https://127.0.0.1:${port}`, connections: () => sessions.length };
}

const secure = (origin: string, changes: Partial<Destination> = {}) =>
  http2At(origin, { tls: { ca: files.ca, serverName: "" }, ...changes });

describe.skipIf(!hasOpenssl)("the version of HTTP over TLS", () => {
  test("is HTTP/2 with a backend that speaks it, on one connection", async () => {
    for (const protocol of ["http2", "auto"] as const) {
      const { origin, connections } = await startSecureBackend(["h2"]);
      const { send } = startPool(stage);
      const to = secure(origin, { protocol });
      const answers = await Promise.all([send(to), send(to)]);
      expect(await Promise.all(answers.map(textOf))).toEqual(["2", "2"]);
      expect(await textOf(await send(to))).toBe("2");
      expect(connections()).toBe(1);
    }
  });

  test("is HTTP/1.1 with a backend that chooses it, over connections that are kept", async () => {
    for (const alpn of [["http/1.1"], []]) {
      const { origin, connections } = await startSecureBackend(alpn);
      const { send } = startPool(stage);
      const to = secure(origin, { protocol: "auto" });
      expect(await textOf(await send(to))).toBe("1.1");
      expect(await textOf(await send(to))).toBe("1.1");
      expect(connections()).toBe(1);
      const answers = await Promise.all([send(to), send(to)]);
      expect(await Promise.all(answers.map(textOf))).toEqual(["1.1", "1.1"]);
      expect(connections()).toBe(2);
    }
  });

  test("is an error with the remedy if it must be HTTP/2 and the backend chooses none", async () => {
    const { origin } = await startSecureBackend([]);
    const { send } = startPool(stage);
    const error = await rejection(send(secure(origin)));
    expect(error).toMatchObject({ code: "backend_protocol_error", reached: "nothing" });
    expect((error as Error).message).toContain("set `protocol: auto` or `http1`");
  });

  test("is an error with the remedy if the backend ends the handshake for it", async () => {
    const { origin } = await startSecureBackend(["http/1.1"]);
    const { send } = startPool(stage);
    const error = await rejection(send(secure(origin)));
    expect(error).toMatchObject({ reached: "nothing" });
    expect((error as Error).message).toContain("http1");
  });

  test("is not asked of a backend that is not trusted", async () => {
    const { origin } = await startSecureBackend(["h2"]);
    const { send } = startPool(stage);
    expect(await rejection(send(secure(origin, { tls: { serverName: "" } })))).toMatchObject({
      code: "backend_tls_failed",
      reached: "nothing",
    });
  });
});

describe("HTTP/2 by prior knowledge", () => {
  test("is spoken over a Unix socket", async () => {
    const { origin } = await startHttp2Backend(stage, (stream, headers) => {
      stream.respond({ ":status": 200 });
      stream.end(String(headers[":authority"]));
    });
    const socketPath = await relayAt(Number(new URL(origin).port));
    const { send } = startPool(stage);
    expect(await textOf(await send(http2At("http://localhost", { socketPath })))).toBe("localhost");
  });

  test("is spoken through the tunnel of an egress proxy", async () => {
    const { origin } = await startFakeBackend(stage, ({ answer }) => answer("tunnelled"));
    const heads: string[] = [];
    const proxy = await startSocketServer(stage, (socket) => {
      socket.once("data", (bytes: Buffer) => {
        heads.push(bytes.toString().split("\r\n")[0] ?? "");
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        connectBoth(socket, connect(Number(new URL(origin).port), "127.0.0.1"));
      });
    });
    const { send } = startPool(stage);
    expect(await textOf(await send(http2At(origin, { proxy })))).toBe("tunnelled");
    expect(heads).toEqual([`CONNECT ${origin.slice("http://".length)} HTTP/1.1`]);
  });

  test("is not spoken to a backend without TLS whose version is negotiated", async () => {
    const origin = await startSocketServer(stage, (socket) => {
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1.1"));
    });
    const { send } = startPool(stage);
    expect(await textOf(await send(http2At(origin, { protocol: "auto" })))).toBe("1.1");
  });
});

/** A Unix socket that leads to a port. */
async function relayAt(port: number): Promise<string> {
  const path = join(stage.folder(), "backend.sock");
  const server = createServer((socket) => connectBoth(socket, connect(port, "127.0.0.1")));
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  stage.defer(() => server.close());
  return path;
}

function connectBoth(one: Socket, other: Socket): void {
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.pipe(other).pipe(one);
}
