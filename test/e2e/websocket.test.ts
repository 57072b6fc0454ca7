import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import {
  type GatewayProcess,
  type LogRow,
  noHealthChecks,
  startGateway,
} from "../support/gateway-process.ts";
import { startChild } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { growthUntilStuck, hasProc, pidOf, residentBytes } from "../support/proc.ts";
import { answer, type RawRequest, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { requiresProgram } from "../support/requires.ts";
import { createStage } from "../support/stage.ts";
import { Client, write } from "../wire/client.ts";
import { acceptFor, closing, frame, opcodes, readFrame } from "../wire/frames.ts";
import { upgrade } from "../wire/websocket.ts";

const stage = createStage();
const hasNode = requiresProgram("node", "nodejs");
const WS_PEER = join(import.meta.dir, "clients/ws.mjs");
const PATIENCE_MS = 10_000;
const STUCK_BYTES = 100e6;
const MOST_GROWTH = 16 * 1024 * 1024;
const HANDSHAKE = ["GET /ws HTTP/1.1", "Host: gateway", ...upgrade()];

interface Settings {
  readonly server?: Readonly<Record<string, unknown>>;
  readonly route?: Readonly<Record<string, unknown>>;
}

function startBefore(backend: string, { server, route }: Settings = {}): Promise<GatewayProcess> {
  return startGateway(stage, {
    health_check: noHealthChecks,
    ...(server !== undefined && { server }),
    routes: [{ path: "/*", backends: [backend], ...route }],
  });
}

async function startBeforeMock(settings: Settings = {}): Promise<GatewayProcess> {
  const mock = await startMockProcess(stage, "A");
  return startBefore(mock.url, settings);
}

/** A WebSocket whose handshake is done. */
async function open(gateway: GatewayProcess, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`, protocols);
  stage.defer(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return socket;
}

function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
}

function nextMessage(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
  });
}

/** The client's side of a handshake, byte by byte. */
async function openRaw(gateway: GatewayProcess): Promise<Client> {
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  stage.defer(() => client.close());
  await client.send(message(HANDSHAKE));
  expect(await client.head()).toMatchObject({ status: 101 });
  return client;
}

function accept(request: RawRequest): void {
  const [key = ""] = request.all("sec-websocket-key");
  request.send(handshakeAnswer(key));
}

function handshakeAnswer(key: string, more: readonly string[] = []): string {
  return message([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
    ...more,
  ]);
}

interface SocketRow extends LogRow {
  readonly messages_in: number | null;
  readonly messages_out: number | null;
}

async function onlyRow(gateway: GatewayProcess): Promise<SocketRow> {
  await gateway.waitForRows(1);
  using database = new Database(gateway.database, { readonly: true });
  return database.query<SocketRow, []>("SELECT * FROM logs").get()!;
}

test("text and binary messages pass both ways and make one row when the connection is over", async () => {
  const gateway = await startBeforeMock();
  const socket = await open(gateway);
  socket.binaryType = "arraybuffer";

  socket.send("grüße");
  expect(await nextMessage(socket)).toBe("grüße");
  socket.send(new Uint8Array([0, 255, 1]));
  expect(new Uint8Array((await nextMessage(socket)) as ArrayBuffer)).toEqual(
    new Uint8Array([0, 255, 1]),
  );
  expect(gateway.rows()).toEqual([]);
  const closed = closeOf(socket);
  socket.close(4001, "enough");

  expect(await closed).toEqual({ code: 4001, reason: "enough" });
  expect(await onlyRow(gateway)).toMatchObject({
    status_code: 101,
    error_code: null,
    method: "GET",
    path: "/ws",
    route: "/*",
    messages_in: 2,
    messages_out: 2,
    bytes_in: 10,
    bytes_out: 10,
  });
});

test("a WebSocket's row says how long it was open", async () => {
  const gateway = await startBeforeMock();
  const socket = await open(gateway);
  const opened = performance.now();
  await Bun.sleep(200);
  const openFor = performance.now() - opened;

  socket.close();

  expect((await onlyRow(gateway)).latency_ms).toBeGreaterThanOrEqual(Math.floor(openFor));
});

test("the backend chooses the subprotocol, or none", async () => {
  const gateway = await startBeforeMock();
  expect((await open(gateway, ["chat.v2", "chat.v1"])).protocol).toBe("chat.v2");

  const backend = await startRawBackend(stage, accept);
  const other = await startBefore(backend.url);
  const { fields } = await askForSocket(other, ["Sec-WebSocket-Protocol: chat.v2, chat.v1"]);
  expect(fields).not.toContain("sec-websocket-protocol");
});

async function askForSocket(gateway: GatewayProcess, fields: readonly string[] = []) {
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  stage.defer(() => client.close());
  await client.send(message([...HANDSHAKE, ...fields]));
  const { status, head } = await client.head();
  return { status, head, fields: head.fields.map(([name]) => name.toLowerCase()) };
}

test.each([
  ["401 Unauthorized", 401],
  ["404 Not Found", 404],
  ["503 Service Unavailable", 503],
])(
  "a backend's refusal of a WebSocket (%s) reaches the client as it is, and is named in the row",
  async (line, status) => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer(["WWW-Authenticate: Basic", "Set-Cookie: a"], "log in", line));
      request.end();
    });
    const gateway = await startBefore(backend.url);
    const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
    stage.defer(() => client.close());

    await client.send(message(HANDSHAKE));

    const refusal = await client.answer();
    expect(refusal.status).toBe(status);
    expect(refusal.head.all("www-authenticate")).toEqual(["Basic"]);
    expect(refusal.head.all("set-cookie")).toEqual(["a"]);
    expect(refusal.bytes.toString()).toBe("log in");

    expect(await onlyRow(gateway)).toMatchObject({
      status_code: status,
      error_code: "websocket_refused",
      messages_in: null,
    });
  },
);

test("a rate limit counts before the upgrade", async () => {
  const backend = await startRawBackend(stage, accept);
  const gateway = await startBefore(backend.url, {
    route: { rate_limit: { requests_per_second: 0.01, burst: 1 } },
  });
  expect(await askForSocket(gateway)).toMatchObject({ status: 101 });

  expect(await askForSocket(gateway)).toMatchObject({ status: 429 });

  expect(backend.requests).toHaveLength(1);
});

test("pages of origins that are not allowed get no WebSocket", async () => {
  const backend = await startRawBackend(stage, accept);
  const gateway = await startBefore(backend.url, {
    route: { cors: { allowed_origins: ["https://app.example.com"] } },
  });

  const stranger = await askForSocket(gateway, ["Origin: https://evil.example.net"]);
  expect(stranger.status).toBe(403);
  // Whoever owns a name can have it lead to the gateway, and a page of it then is of one origin with it.
  const rebound = await askForSocket(gateway, ["Origin: http://gateway"]);
  expect(rebound.status).toBe(403);
  expect(backend.requests).toHaveLength(0);
  const page = await askForSocket(gateway, ["Origin: https://app.example.com"]);
  expect(page.status).toBe(101);
});

test("a WebSocket in which nothing moves is closed with 1001", async () => {
  const gateway = await startBeforeMock({ route: { timeouts: { idle: "300ms" } } });
  const socket = await open(gateway);

  expect(await closeOf(socket)).toMatchObject({ code: 1001 });

  expect(await onlyRow(gateway)).toMatchObject({
    status_code: 101,
    error_code: "websocket_idle",
  });
});

test("at SIGTERM WebSockets are closed with 1001, and the gateway ends with 0", async () => {
  const gateway = await startBeforeMock();
  const sockets = await Promise.all([open(gateway), open(gateway)]);
  const closed = Promise.all(sockets.map(closeOf));

  expect(await gateway.stop()).toBe(0);

  expect(await closed).toMatchObject([{ code: 1001 }, { code: 1001 }]);
  expect(gateway.rows()).toMatchObject([{ status_code: 101 }, { status_code: 101 }]);
});

test("a message over max_message_size closes the connection with 1009", async () => {
  const gateway = await startBeforeMock({ server: { max_message_size: "1KiB" } });
  const client = await openRaw(gateway);
  await client.send(frame(opcodes.text, "x".repeat(1024)));
  expect((await readFrame(client.incoming)).payload).toHaveLength(1024);

  await client.send(frame(opcodes.text, "x".repeat(1025)));

  const last = await readFrame(client.incoming);
  expect(last.opcode).toBe(opcodes.close);
  expect(last.payload.subarray(0, 2)).toEqual(closing(1009));
  client.close();
  expect(await onlyRow(gateway)).toMatchObject({
    status_code: 101,
    messages_in: 1,
    error_code: "message_too_large",
    ended_by: "client",
  });
});

const PIECE = Buffer.alloc(64 * 1024, "x");

/** Sends 100 MB of messages, or as much of them as is taken. */
function flood(send: (bytes: Buffer) => Promise<void>, masked: boolean): () => number {
  let moved = 0;
  const one = frame(opcodes.binary, PIECE, { masked });
  const run = async () => {
    while (moved < STUCK_BYTES) {
      await send(one);
      moved += PIECE.length;
    }
  };
  void run();
  return () => moved;
}

test.skipIf(!hasProc)(
  "100 MB of messages that a client does not read take up less than 16 MB",
  async () => {
    const backend = await startStuckBackend(false);
    const gateway = await startBefore(backend.url);
    const client = await openRaw(gateway);
    client.pause();

    const moved = flood(await backend.sender, false);
    const growth = await growthUntilStuck(pidOf(gateway), moved);

    expect(growth).toBeLessThan(MOST_GROWTH);
    expect(moved()).toBeLessThan(STUCK_BYTES);
  },
);

test.skipIf(!hasProc)(
  "100 MB of messages that a backend does not read take up less than 16 MB",
  async () => {
    const backend = await startStuckBackend(true);
    const gateway = await startBefore(backend.url);
    const client = await openRaw(gateway);
    await backend.sender;

    const moved = flood((bytes) => client.send(bytes), true);
    const growth = await growthUntilStuck(pidOf(gateway), moved);

    expect(growth).toBeLessThan(MOST_GROWTH);
    expect(moved()).toBeLessThan(STUCK_BYTES);
  },
);

const LARGE = Buffer.alloc(16 * 1024 * 1024, "x");
/** What is in memory of 480 MB, once garbage has been collected. */
const MOST_FOR_ALL = 64 * 1024 * 1024;

test.skipIf(!hasProc)(
  "messages that a backend does not read are bounded in all WebSockets, and gone with their clients",
  async () => {
    const backend = await startStuckBackend(true);
    const gateway = await startBefore(backend.url);
    const pid = pidOf(gateway);
    const clients = await Promise.all(Array.from({ length: 30 }, () => openRaw(gateway)));

    const large = frame(opcodes.binary, LARGE);
    let sent = 0;
    const before = residentBytes(pid);
    const run = async (client: Client) => {
      for (let at = 0; at < large.length; at += PIECE.length) {
        await client.send(large.subarray(at, at + PIECE.length));
        sent += PIECE.length;
      }
    };
    // A connection that is cut takes no more.
    for (const client of clients) run(client).catch(() => undefined);
    await growthUntilStuck(pid, () => sent);

    await eventually(() => residentBytes(pid) - before < MOST_FOR_ALL);
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.close();
      else client.reset();
    }
    const rows = await gateway.waitForRows(30);
    expect(new Set(rows.map(({ error_code }) => error_code))).toEqual(new Set(["client_closed"]));
  },
);

test.skipIf(!hasProc)("messages whose last byte does not come cost little", async () => {
  let received = 0;
  const backend = await startStuckBackend(false, (bytes) => (received += bytes));
  const gateway = await startBefore(backend.url);
  const pid = pidOf(gateway);
  const clients = await Promise.all(Array.from({ length: 30 }, () => openRaw(gateway)));
  const before = residentBytes(pid);
  const incomplete = frame(opcodes.binary, LARGE).subarray(0, -1);

  for (const client of clients) await client.send(incomplete);

  await eventually(() => received === incomplete.length * clients.length);
  await eventually(() => residentBytes(pid) - before < MOST_FOR_ALL);
});

test("a first frame in the packet of the handshake is not lost, on either side", async () => {
  let greeted = "";
  const server = createServer((socket) => {
    stage.defer(() => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      greeted += bytes.toString("latin1");
      const key = /sec-websocket-key: (\S+)/i.exec(greeted)?.[1];
      if (key === undefined || socket.bytesWritten > 0) return;
      const early = frame(opcodes.text, "early", { masked: false });
      socket.write(Buffer.concat([Buffer.from(handshakeAnswer(key)), early]));
    });
  });
  const gateway = await startBefore(await listening(server));
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  stage.defer(() => client.close());
  const first = frame(opcodes.text, "first");

  await client.send(Buffer.concat([Buffer.from(message(HANDSHAKE)), first]));

  expect(await client.head()).toMatchObject({ status: 101 });
  expect((await readFrame(client.incoming)).payload.toString()).toBe("early");
  await eventually(() => greeted.endsWith(first.toString("latin1")));
});

test("a close without a code stays one, on both sides", async () => {
  const gateway = await startBeforeMock();
  const client = await openRaw(gateway);

  await client.send(frame(opcodes.close));

  const answered = await readFrame(client.incoming);
  expect([answered.opcode, answered.payload.length]).toEqual([opcodes.close, 0]);
  expect(await client.ended).toBe("closed");
  client.close();
  expect(await onlyRow(gateway)).toMatchObject({ status_code: 101, error_code: null });
});

test("fields and cookies of a backend's 101 reach the client, and its own reach the backend", async () => {
  const backend = await startRawBackend(stage, (request) => {
    const [key = ""] = request.all("sec-websocket-key");
    const more = ["Set-Cookie: a=1", "Set-Cookie: b=2", "X-Node: 7", "Sec-WebSocket-Extensions: x"];
    request.send(handshakeAnswer(key, more));
  });
  const gateway = await startBefore(backend.url);

  const { head } = await askForSocket(gateway, ["Cookie: c=3", "Sec-WebSocket-Extensions: x, y"]);

  expect(head.all("set-cookie")).toEqual(["a=1", "b=2"]);
  expect(head.all("x-node")).toEqual(["7"]);
  expect(head.all("sec-websocket-extensions")).toEqual(["x"]);
  expect(head.all("sec-websocket-accept")).toHaveLength(1);
  expect([head.all("upgrade"), head.all("connection")]).toEqual([["websocket"], ["upgrade"]]);
  const [request] = backend.requests;
  expect(request?.all("cookie")).toEqual(["c=3"]);
  expect(request?.all("sec-websocket-extensions")).toEqual(["x, y"]);
  expect(request?.all("upgrade")).toEqual(["websocket"]);
});

test.skipIf(!hasNode)(
  "messages are compressed between a client and a backend that agree on it",
  async () => {
    const ws = (...args: string[]) => startChild(stage, args, { command: ["node", WS_PEER] });
    const backend = await ws("serve");
    const { port } = JSON.parse(await backend.lines.waitFor(/port/)) as { port: number };
    const gateway = await startBefore(`http://127.0.0.1:${port}`);

    const client = await ws("ask", `ws://127.0.0.1:${gateway.port}/chat`);

    expect(JSON.parse(await client.lines.waitFor(/code|error/))).toEqual({
      extensions: "permessage-deflate",
      protocol: "chat",
      cookies: ["session=1", "node=7"],
      echoed: [true, true],
      code: 4001,
      reason: "enough",
    });
    expect(JSON.parse(await backend.lines.waitFor(/code/))).toEqual({
      code: 4001,
      reason: "enough",
    });
    const row = await onlyRow(gateway);
    expect(row).toMatchObject({ status_code: 101, messages_in: 2, messages_out: 2 });
    // A million bytes of text that repeats itself, and 70,000 of others.
    expect(row.bytes_in).toBeLessThan(200_000);
  },
);

/**
 * A backend that completes the handshake and, optionally, reads nothing more. `onBytes` is told how
 * much it has read.
 */
async function startStuckBackend(silent: boolean, onBytes?: (count: number) => void) {
  const { promise: sender, resolve } = Promise.withResolvers<(bytes: Buffer) => Promise<void>>();
  const server = createServer((socket) => {
    stage.defer(() => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("data", (head: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(head.toString("latin1"))?.[1] ?? "";
      socket.write(handshakeAnswer(key));
      if (silent) socket.pause();
      else socket.on("data", (bytes: Buffer) => onBytes?.(bytes.length));
      resolve((bytes) => write(socket, bytes));
    });
  });
  return { url: await listening(server), sender };
}

async function listening(server: Server): Promise<string> {
  stage.defer(() => server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}
