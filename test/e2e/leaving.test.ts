import { expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { hasProc, openDescriptors, pidOf } from "../support/proc.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { Client } from "../wire/client.ts";

const stage = createStage();
const PATIENCE_MS = 10_000;

/** A client whose request has come to a backend that does not answer by itself. */
async function startAsking(lines: readonly string[], content = "") {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  stage.defer(() => client.close());
  const arrived = backend.next();
  await client.send(message([...lines, "Host: gateway"], content));
  return { gateway, client, request: await arrived };
}

const WAYS = ["close", "reset"] as const;

test.each(WAYS)(
  "a client that leaves before the answer (%s) takes the backend's connection with it",
  async (way) => {
    const { gateway, client, request } = await startAsking(["GET /slow HTTP/1.1"]);

    client[way]();

    await request.closed;
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 499, error_code: "client_closed", bytes_out: 0, attempts: 1 },
    ]);
  },
);

test.each(WAYS)(
  "a client that leaves in the middle of the answer (%s) is logged with what it got",
  async (way) => {
    const { gateway, client, request } = await startAsking(["GET /stream HTTP/1.1"]);
    request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
    await client.incoming.until("begin");

    client[way]();

    await request.closed;
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 499, error_code: "client_closed", bytes_out: 5 },
    ]);
  },
);

test.each([
  ["chunked", "Transfer-Encoding: chunked", "6\r\na part\r\n"],
  ["long", "Content-Length: 1000000", `a part${"x".repeat(70_000)}`],
])("a client that leaves in the middle of a %s upload ends it", async (_, framing, part) => {
  const { gateway, client, request } = await startAsking(["POST /upload HTTP/1.1", framing], part);
  await request.received("a part");

  client.close();

  await request.closed;
  const [row] = await gateway.waitForRows(1);
  expect(row).toMatchObject({ status_code: 499, error_code: "client_closed", bytes_out: 0 });
  expect(row?.bytes_in).toBeGreaterThanOrEqual(6);
});

test("a client that leaves before its short content has come costs the backend nothing", async () => {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  await client.send(
    message(["POST /upload HTTP/1.1", "Host: gateway", "Content-Length: 100"], "a part"),
  );

  client.close();

  expect(await gateway.waitForRows(1)).toMatchObject([
    { status_code: 499, error_code: "client_closed", attempts: 0 },
  ]);
  expect(backend.requests).toEqual([]);
});

test.skipIf(!hasProc)(
  "clients that leave with many requests waiting leave nothing behind",
  async () => {
    let asked = 0;
    const backend = await startRawBackend(stage, (request) => {
      asked += 1;
      request.send(answer([], "done"));
    });
    const gateway = await startGateway(stage, {
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [backend.url] }],
    });
    const pid = pidOf(gateway);
    // What the gateway opens with its first request and row is open then.
    await ask(gateway.url);
    await gateway.waitForRows(1);
    const before = openDescriptors(pid);
    for (let count = 0; count < 40; count += 1) {
      const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
      const sending = client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".repeat(10_000));
      const enough = asked + 10;
      await eventually(() => asked > enough);
      client.reset();
      await sending.catch(() => undefined);
    }

    // But for what goes on to the backend for a few seconds.
    await eventually(() => openDescriptors(pid) <= before + 1);
    expect(await gateway.stop()).toBe(0);
  },
);
