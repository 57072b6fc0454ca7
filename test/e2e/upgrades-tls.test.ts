import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { Client } from "../wire/client.ts";

const stage = createStage();
const shared = createStage(afterAll);
const PATIENCE_MS = 30_000;
let folder: string;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = shared.folder();
  await makeAuthority(folder, "ca");
  await issue(folder, "local", "IP:127.0.0.1");
});

async function startBefore(backend: string) {
  const certificates = [{ certificate: join(folder, "local.pem"), key: join(folder, "local.key") }];
  const gateway = await startGateway(stage, {
    server: { tls: { port: 0, certificates } },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend] }],
  });
  return { gateway, ca: readFileSync(join(folder, "ca.pem"), "utf8") };
}

test.skipIf(!hasOpenssl)("a WebSocket passes over TLS like any other", async () => {
  const mock = await startMockProcess(stage, "A");
  const { gateway, ca } = await startBefore(mock.url);
  const url = new URL("/ws", gateway.tlsUrl.replace("https", "wss"));
  const socket = new WebSocket(url, { tls: { ca } });
  stage.defer(() => socket.terminate());
  const echoed = new Promise<unknown>((resolve, reject) => {
    socket.addEventListener("open", () => socket.send("x".repeat(1_000_000)));
    socket.addEventListener("message", ({ data }) => resolve(data));
    socket.addEventListener("error", reject);
  });
  expect(await echoed).toHaveLength(1_000_000);
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener("close", ({ code }) => resolve(code));
  });
  socket.close(4001);
  expect(await closed).toBe(4001);
  const [row] = await gateway.waitForRows(1);
  expect(row).toMatchObject({ status_code: 101, bytes_in: 1_000_000, error_code: null });
});

test.skipIf(!hasOpenssl)(
  "an upgrade passes over TLS, early bytes and half-close included",
  async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(
        `${message(["HTTP/1.1 101 UPGRADED", "Connection: Upgrade", "Upgrade: tcp"])}hello`,
      );
    });
    const { gateway } = await startBefore(backend.url);
    const port = Number(new URL(gateway.tlsUrl).port);
    const client = await Client.connect("127.0.0.1", port, PATIENCE_MS, true);
    stage.defer(() => client.close());
    const asked = ["POST / HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: tcp"];
    await client.send(`${message(asked)}early`);
    expect(await client.head()).toMatchObject({ status: 101 });
    expect((await client.incoming.exactly(5)).toString()).toBe("hello");
    const [request] = backend.requests;
    await request?.received("early");
    client.end();
    request?.send("the rest");
    request?.end();
    expect((await client.incoming.all()).bytes.toString()).toBe("the rest");
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 101, bytes_in: 5, bytes_out: 13, error_code: null },
    ]);
  },
);
