import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Socket } from "node:net";
import { createServer } from "node:tls";
import { Names } from "../../../src/transport/names.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { hasOpenssl, issue, makeAuthority } from "../../support/certificates.ts";
import { listen, startSocketServer } from "../../support/socket-server.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import { contentOf, lasting, numbered, standstill, startPool, streamOf } from "./support.ts";

const stage = createStage();
const shared = createStage(afterAll);
const KEY = { cert: "", key: "" };
/** Trusts the authorities that the system knows. */
const SYSTEM = { serverName: "127.0.0.1" };
let ca = "";
let authority = "";

beforeAll(async () => {
  if (!hasOpenssl) return;
  const folder = shared.folder();
  authority = folder;
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  await makeAuthority(folder, "ca");
  await issue(folder, "local", "IP:127.0.0.1");
  ca = read("ca.pem");
  KEY.cert = read("local.pem");
  KEY.key = read("local.key");
});

/** A backend that speaks TLS and does with its connections what a test says. */
async function startSecureBackend(onSocket: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer(KEY);
  server.on("tlsClientError", () => undefined);
  const port = await listen(stage, server, "secureConnection", (socket) => {
    sockets.push(socket);
    onSocket(socket);
  });
  return { url: `https://127.0.0.1:${port}`, sockets };
}

const CONTENT = numbered(24);

function piecesOfContent(): Buffer[] {
  const size = 65_536;
  return Array.from({ length: CONTENT.length / size }, (_, index) =>
    CONTENT.subarray(index * size, (index + 1) * size),
  );
}

/** Answers each request that comes in one piece. */
const answering = (socket: Socket) => socket.on("data", () => socket.write(lasting("hello")));

describe.skipIf(!hasOpenssl)("a connection with TLS", () => {
  test("carries one request after another", async () => {
    const { url, sockets } = await startSecureBackend(answering);
    const { send } = startPool(stage);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await contentOf(await send(url, { tls: { ca } }))).toBe("hello");
    }
    expect(sockets).toHaveLength(1);
  });

  test("serves all settings that say the same, and no others", async () => {
    const { url, sockets } = await startSecureBackend(answering);
    const { send } = startPool(stage);
    await contentOf(await send(url, { tls: { ca } }));
    await contentOf(await send(url, { tls: { ca } }));
    expect(sockets).toHaveLength(1);

    await contentOf(await send(url, { tls: { rejectUnauthorized: false } }));
    expect(sockets).toHaveLength(2);
    expect(await rejection(send(url, { tls: SYSTEM }))).toMatchObject({
      code: "backend_tls_failed",
    });
  });

  test("sends nothing to a backend that is not trusted", async () => {
    let received = 0;
    const { url } = await startSecureBackend((socket) => {
      socket.on("data", () => {
        received += 1;
      });
    });
    const { send } = startPool(stage);
    const error = await rejection(send(url, { tls: { ca, serverName: "backend.test" } }));
    expect(error).toMatchObject({ code: "backend_tls_failed" });
    expect(received).toBe(0);
  });

  test("brings an answer that ends with the connection", async () => {
    const { url } = await startSecureBackend((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nto the end"));
    });
    const { send } = startPool(stage);
    expect(await contentOf(await send(url, { tls: { ca } }))).toBe("to the end");
  });

  test("that breaks in the middle of an answer breaks the answer off", async () => {
    const { url, sockets } = await startSecureBackend((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    });
    const { send } = startPool(stage);
    const answer = await send(url, { tls: { ca } });
    sockets[0]?.end();
    expect(await rejection(contentOf(answer))).toMatchObject({ code: "ECONNRESET" });
  });

  test("brings megabytes no faster than they are read", async () => {
    const pieces = piecesOfContent();
    let sent = 0;
    const { url } = await startSecureBackend((socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\n\r\n`);
        const next = () => {
          const piece = pieces[sent];
          if (piece === undefined) return;
          sent += 1;
          socket.write(piece, next);
        };
        next();
      });
    });
    const { send } = startPool(stage);
    const answer = await send(url, { tls: { ca } });
    await standstill(() => sent);
    expect(sent).toBeLessThan(pieces.length);

    const received = Buffer.from(await contentOf(answer), "latin1");
    expect(received.equals(CONTENT)).toBe(true);
  });

  test("takes megabytes no faster than they are received", async () => {
    const pieces = piecesOfContent();
    const opened = Promise.withResolvers<Socket>();
    const { url } = await startSecureBackend((socket) => {
      socket.pause();
      opened.resolve(socket);
    });
    const { stream, state } = streamOf(pieces);
    const { send } = startPool(stage);
    const fields = ["content-length", `${CONTENT.length}`];
    const sending = send(url, { method: "PUT", fields, body: stream, tls: { ca } });
    const socket = await opened.promise;
    await standstill(() => state.taken);
    expect(state.taken).toBeLessThan(pieces.length);

    const received: Buffer[] = [];
    let length = 0;
    socket.on("data", (piece: Buffer) => {
      received.push(piece);
      length += piece.length;
      const head = Buffer.concat(received.slice(0, 2)).indexOf("\r\n\r\n") + 4;
      if (length === head + CONTENT.length) socket.write(lasting("done"));
    });
    socket.resume();
    expect(await contentOf(await sending)).toBe("done");
    const bytes = Buffer.concat(received);
    expect(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4).equals(CONTENT)).toBe(true);
  });
});

describe.skipIf(!hasOpenssl)("the certificate of a backend", () => {
  /** Starts a backend with a certificate for `names`, which answers what server name it was sent. */
  async function startNaming(names: string, host = "127.0.0.1") {
    const folder = stage.folder();
    for (const file of ["ca.pem", "ca.key"])
      copyFileSync(join(authority, file), join(folder, file));
    await issue(folder, "backend", names);
    const [cert, key] = ["pem", "key"].map((ending) =>
      readFileSync(join(folder, `backend.${ending}`), "utf8"),
    );
    const server = createServer({ cert, key });
    server.on("tlsClientError", () => undefined);
    const onSocket = (socket: Socket & { servername?: string | false }) => {
      socket.on("data", () => socket.write(lasting(String(socket.servername))));
    };
    const port = await listen(stage, server, "secureConnection", onSocket, host);
    return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /** A pool that finds every name at 127.0.0.1. */
  function startFinding() {
    const names = new Names(new FakeClock(), {
      addresses: async () => ["127.0.0.1"],
      lifetime: async () => undefined,
    });
    const { send } = startPool(stage, { names });
    return async (url: string, tls: Bun.TLSOptions) =>
      contentOf(await send(url, { tls: { ca, ...tls } }));
  }

  test.each([
    ["127.0.0.1", "IP:127.0.0.1"],
    ["::1", "IP:::1"],
  ])("at %s has to be for that address, which is not sent as a name", async (host, names) => {
    const ask = startFinding();
    const url = await startNaming(names, host);
    expect(await ask(url, {})).toBe("false");
    expect(await ask(url, { serverName: "" })).toBe("false");
    expect(await ask(url, { serverName: host })).toBe("false");
    const other = await startNaming("IP:192.0.2.1,DNS:backend.test", host);
    expect(await rejection(ask(other, {}))).toMatchObject({ code: "backend_tls_failed" });
    expect(await ask(other, { rejectUnauthorized: false })).toBe("false");
  });

  test("has to be for the backend's name, whatever address that leads to", async () => {
    const ask = startFinding();
    const named = (await startNaming("DNS:backend.test")).replace("127.0.0.1", "backend.test");
    expect(await ask(named, {})).toBe("backend.test");
    const other = (await startNaming("IP:127.0.0.1")).replace("127.0.0.1", "backend.test");
    expect(await rejection(ask(other, {}))).toMatchObject({ code: "backend_tls_failed" });
  });

  test("has to be for the address that `server_name` gives, though another one is dialled", async () => {
    const ask = startFinding();
    const url = await startNaming("IP:192.0.2.1");
    expect(await ask(url, { serverName: "192.0.2.1" })).toBe("false");
    for (const tls of [
      { serverName: "192.0.2.2" },
      { serverName: "127.0.0.1" },
      // The authorities of the system do not vouch for it.
      { serverName: "192.0.2.1", ca: undefined },
    ]) {
      expect(await rejection(ask(url, tls as Bun.TLSOptions))).toMatchObject({
        code: "backend_tls_failed",
      });
    }
  });
});

describe("an attempt with TLS", () => {
  test.each([
    ["closes before its handshake", "", "backend_connection_closed"],
    ["does not speak TLS", "HTTP/1.1 400 Bad Request\r\n\r\n", "backend_tls_failed"],
  ])("fails at once when the backend %s", async (_, text, code) => {
    const url = await startSocketServer(stage, (socket) => void socket.end(text));
    const { send } = startPool(stage);
    for (const tls of [SYSTEM, { rejectUnauthorized: false }]) {
      const sending = send(url.replace("http", "https"), { tls });
      expect(await rejection(sending)).toMatchObject({ code });
    }
  });

  test("that is broken off during the handshake closes the connection", async () => {
    const closed = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const url = await startSocketServer(stage, (socket) => {
      socket.once("data", () => began.resolve());
      socket.on("close", () => closed.resolve());
    });
    const { clock, send } = startPool(stage);
    const sending = rejection(send(url.replace("http", "https"), { tls: SYSTEM }));
    await began.promise;
    clock.advance(60_000);
    expect(await sending).toMatchObject({ code: "backend_timeout" });
    await closed.promise;
  });
});
