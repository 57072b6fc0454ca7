import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createServer } from "node:net";
import {
  type GatewayProcess,
  type LogRow,
  noHealthChecks,
  startGateway,
} from "../support/gateway-process.ts";
import { eventually } from "../support/eventually.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { growthUntilStuck, hasProc, pidOf, residentBytes } from "../support/proc.ts";
import { answer, type RawRequest, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { Client, write } from "../wire/client.ts";
import { acceptFor, closing, frame, opcodes, readFrame } from "../wire/frames.ts";
import { upgrade } from "../wire/websocket.ts";

const stage = createStage();
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

function handshakeAnswer(key: string): string {
  return message([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
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
  "a backend's refusal of a WebSocket (%s) keeps its status, in the row too",
  async (line, status) => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer([], "", line));
      request.end();
    });
    const gateway = await startBefore(backend.url);

    expect(await askForSocket(gateway)).toMatchObject({ status });

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
  expect(await onlyRow(gateway)).toMatchObject({ status_code: 101, messages_in: 1 });
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

const LARGE = Buffer.alloc(8 * 1024 * 1024, "x");
/** What is still there of 240 MB when all is over. */
const MOST_LEFT = 64 * 1024 * 1024;

test.skipIf(!hasProc)(
  "messages that a backend does not read are bounded in all WebSockets, and gone with their clients",
  async () => {
    const backend = await startStuckBackend(true);
    const gateway = await startBefore(backend.url);
    const pid = pidOf(gateway);
    const before = residentBytes(pid);
    const clients = await Promise.all(Array.from({ length: 30 }, () => openRaw(gateway)));

    // A connection that was given up takes no more.
    const large = frame(opcodes.binary, LARGE);
    const sent = clients.map((client) => client.send(large).catch(() => undefined));
    const givenUp = await eventually(() => {
      const rows = gateway.rows().filter(({ error_code }) => error_code === "backend_stalled");
      return rows.length > 10 && rows;
    });

    expect(givenUp[0]?.error_code).toBe("backend_stalled");
    for (const client of clients) client.close();
    const rows = await gateway.waitForRows(30);
    expect(rows.length - givenUp.length).toBeGreaterThan(3);
    await eventually(() => residentBytes(pid) - before < MOST_LEFT);
    await Promise.all(sent);
  },
);

/** A backend that completes the handshake and, optionally, reads nothing more. */
async function startStuckBackend(silent: boolean) {
  const { promise: sender, resolve } = Promise.withResolvers<(bytes: Buffer) => Promise<void>>();
  const server = createServer((socket) => {
    stage.defer(() => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("data", (head: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(head.toString("latin1"))?.[1] ?? "";
      socket.write(handshakeAnswer(key));
      if (silent) socket.pause();
      resolve((bytes) => write(socket, bytes));
    });
  });
  stage.defer(() => server.close());
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}`, sender };
}
