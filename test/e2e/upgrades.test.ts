import { expect, test } from "bun:test";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { unusedPort } from "../support/socket-server.ts";
import { type RawRequest, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { Client } from "../wire/client.ts";

const stage = createStage();
const PATIENCE_MS = 30_000;

const AGREED = message([
  "HTTP/1.1 101 UPGRADED",
  "Content-Type: application/vnd.docker.raw-stream",
  "Connection: Upgrade",
  "Upgrade: tcp",
]);

/** As Docker's clients ask for a container's streams. */
const ATTACH = [
  "POST /containers/1/attach?stream=1 HTTP/1.1",
  "Host: docker",
  "Connection: Upgrade",
  "Upgrade: tcp",
];

function startBefore(
  backends: readonly string[],
  route: Readonly<Record<string, unknown>> = {},
): Promise<GatewayProcess> {
  return startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends, ...route }],
  });
}

async function connect(gateway: GatewayProcess): Promise<Client> {
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  stage.defer(() => client.close());
  return client;
}

/** A client and a backend that have agreed on `Upgrade: tcp`. */
async function attached(route: Readonly<Record<string, unknown>> = {}) {
  const backend = await startRawBackend(stage, (request) => request.send(AGREED));
  const gateway = await startBefore([backend.url], route);
  const client = await connect(gateway);
  await client.send(message(ATTACH));
  const { head, status } = await client.head();
  expect(status).toBe(101);
  const [request] = backend.requests as [RawRequest];
  return { gateway, client, head, request };
}

test("a connection is upgraded to any protocol, and carries its bytes both ways", async () => {
  const { client, head, request, gateway } = await attached();
  expect(head.line).toBe("HTTP/1.1 101 UPGRADED");
  expect(head.all("upgrade")).toEqual(["tcp"]);
  expect(head.all("content-type")).toEqual(["application/vnd.docker.raw-stream"]);
  expect(request.lines[0]).toBe(ATTACH[0] ?? "");
  expect(request.all("connection")).toEqual(["Upgrade"]);
  expect(request.all("upgrade")).toEqual(["tcp"]);

  await client.send("ls\n");
  await request.received("ls\n");
  request.send("bin\0\r\n\r\netc");
  expect((await client.incoming.until("etc")).toString()).toBe("bin\0\r\n\r\netc");

  client.end();
  await request.closed;
  expect(await gateway.waitForRows(1)).toMatchObject([
    { status_code: 101, method: "POST", bytes_in: 3, bytes_out: 11, error_code: null },
  ]);
});

test("the end of what one side sends is passed on, and the other side can still answer", async () => {
  const { client, request, gateway } = await attached();
  await client.send("everything");
  client.end();
  await request.received("everything");
  request.send("the answer");
  request.end();
  expect((await client.incoming.all()).bytes.toString()).toBe("the answer");
  expect(await client.ended).toBe("closed");
  expect(await gateway.waitForRows(1)).toMatchObject([{ status_code: 101, error_code: null }]);
});

test("content of a request for an upgrade comes before what is sent after it", async () => {
  const backend = await startRawBackend(stage, (request) => {
    void request.received('{"Tty":true}').then(() => request.send(AGREED));
  });
  const gateway = await startBefore([backend.url]);
  const client = await connect(gateway);
  const fields = ["Content-Type: application/json", "Content-Length: 12"];
  await client.send(message([...ATTACH, ...fields], '{"Tty":true}') + "first bytes");
  expect(await client.head()).toMatchObject({ status: 101 });
  await backend.requests[0]?.received('{"Tty":true}first bytes');
});

test.each([
  ["a version of HTTP", "h2c, HTTP/2.0, TLS/1.0", {}],
  ["a protocol that the route does not allow", "tcp", { upgrades: ["websocket"] }],
  ["a WebSocket where the route allows no upgrade", "websocket", { upgrades: [] }],
])("a request for an upgrade to %s is forwarded as a plain one", async (_name, upgrade, route) => {
  const backend = await startRawBackend(stage, (request) => {
    request.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain");
  });
  const gateway = await startBefore([backend.url], route);
  const client = await connect(gateway);
  await client.send(
    message(["GET / HTTP/1.1", "Host: gateway", "Connection: Upgrade", `Upgrade: ${upgrade}`]),
  );
  expect((await client.answer()).bytes.toString()).toBe("plain");
  expect(backend.requests[0]?.all("upgrade")).toEqual([]);
  expect(backend.requests[0]?.all("connection")).toEqual([]);
});

test("a backend is not asked for an upgrade that the client's Connection field does not name", async () => {
  const backend = await startRawBackend(stage, (request) => request.send(AGREED));
  const gateway = await startBefore([backend.url]);
  const client = await connect(gateway);
  await client.send(message(["GET / HTTP/1.1", "Host: gateway", "Upgrade: tcp"]));
  expect((await client.answer()).status).toBe(502);
  expect(backend.requests[0]?.all("upgrade")).toEqual([]);
});

test("an upgrade goes to another backend if the first cannot be reached", async () => {
  const backend = await startRawBackend(stage, (request) => request.send(AGREED));
  const gateway = await startBefore([`http://127.0.0.1:${await unusedPort()}`, backend.url]);
  const clients = await Promise.all([connect(gateway), connect(gateway)]);
  for (const client of clients) await client.send(message(ATTACH));
  for (const client of clients) expect(await client.head()).toMatchObject({ status: 101 });
});

test("a backend at a Unix socket can be upgraded like any other", async () => {
  const unix = `${stage.folder()}/docker.sock`;
  const server = Bun.listen({
    unix,
    socket: {
      data(socket, bytes) {
        const isRequest = bytes.toString("latin1").startsWith("POST ");
        socket.write(isRequest ? AGREED : bytes);
      },
    },
  });
  stage.defer(() => server.stop(true));
  const gateway = await startBefore([`unix:${unix}`]);
  const client = await connect(gateway);
  await client.send(message(ATTACH));
  expect(await client.head()).toMatchObject({ status: 101 });
  await client.send("echo");
  expect((await client.incoming.exactly(4)).toString()).toBe("echo");
});

test("a refused upgrade leaves the connection to further requests", async () => {
  const backend = await startRawBackend(stage, (request) => {
    request.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  });
  const gateway = await startBefore([backend.url]);
  const client = await connect(gateway);
  for (let round = 0; round < 2; round += 1) {
    await client.send(message(ATTACH));
    const answer = await client.answer();
    expect([answer.status, answer.bytes.toString()]).toEqual([403, "no"]);
  }
});

test.each([
  ["client", "client_closed"],
  ["backend", "backend_connection_closed"],
] as const)("a %s that breaks off is named in the row, and the other is cut", async (who, code) => {
  const reset = Promise.withResolvers<() => void>();
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.write(AGREED);
        reset.resolve(() => socket.terminate());
      },
      end: (socket) => void socket.end(),
    },
  });
  stage.defer(() => server.stop(true));
  const gateway = await startBefore([`http://127.0.0.1:${server.port}`]);
  const client = await connect(gateway);
  await client.send(message(ATTACH));
  expect(await client.head()).toMatchObject({ status: 101 });
  if (who === "client") client.reset();
  else (await reset.promise)();
  await client.ended;
  expect(await gateway.waitForRows(1)).toMatchObject([{ status_code: 101, error_code: code }]);
});

test("an upgraded connection on which nothing passes is closed after the idle time", async () => {
  const { client, gateway } = await attached({ timeouts: { idle: "300ms" } });
  await client.ended;
  expect(await gateway.waitForRows(1)).toMatchObject([
    { status_code: 101, error_code: "upgrade_idle" },
  ]);
});

test("at SIGTERM upgraded connections have the shutdown's time, and are cut then", async () => {
  const backend = await startRawBackend(stage, (request) => request.send(AGREED));
  const gateway = await startGateway(stage, {
    server: { shutdown_timeout: "300ms" },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const client = await connect(gateway);
  await client.send(message(ATTACH));
  expect(await client.head()).toMatchObject({ status: 101 });
  await gateway.stop();
  await client.ended;
  expect(gateway.rows()).toMatchObject([{ status_code: 101, error_code: "gateway_stopping" }]);
});
