import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { converse, parseAnswer } from "../support/raw-http.ts";
import { connectRaw, GET } from "../support/raw-client.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

async function start(config: Partial<TestConfig> = {}) {
  const backend = await startRawBackend(stage, (request) => {
    request.send(answer([], "done"));
    request.end();
  });
  const all = {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
    ...config,
  };
  return { backend, gateway: await startGateway(stage, all), all };
}

test("a header section that does not end in time is answered 408", async () => {
  const { gateway, all } = await start({ server: { header_timeout: "200ms" } });
  const answered = parseAnswer(await converse(gateway.port, "GET /slow HTTP/1.1\r\nHost: a\r\n"));
  expect(answered.status).toBe(408);
  expect(answered.all("connection")).toEqual(["close"]);
  expect(JSON.parse(answered.content)).toMatchObject({ status: 408, code: "request_timeout" });
  expect(await gateway.waitForRows(1)).toMatchObject([
    { method: "GET", path: "/slow", status_code: 408, error_code: "request_timeout" },
  ]);

  // Bytes that keep coming do not extend the time, and an earlier request does not count.
  const client = await connectRaw(stage, gateway.port);
  client.send(GET);
  await client.until("done");
  const trickle = setInterval(() => client.send("a"), 20);
  stage.defer(() => clearInterval(trickle));
  await client.until("HTTP/1.1 408");
  await client.closed;

  await gateway.reload({ ...all, server: { header_timeout: "1h" } });
  const patient = await connectRaw(stage, gateway.port);
  patient.send(GET.slice(0, 20));
  await Bun.sleep(500);
  patient.send(GET.slice(20));
  await patient.until("done");
});

test("a thousand header sections that come slowly keep nobody else out", async () => {
  const { gateway } = await start({ server: { header_timeout: "3s" } });
  const slow = await Promise.all(
    Array.from({ length: 1_000 }, () => connectRaw(stage, gateway.port)),
  );
  for (const client of slow) client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  for (let round = 0; round < 3; round += 1) {
    for (const client of slow) client.send("a");
    const other = await connectRaw(stage, gateway.port);
    other.send(GET);
    await other.until("done");
  }
  await Promise.all(slow.map((client) => client.until("HTTP/1.1 408")));
  await Promise.all(slow.map((client) => client.closed));
});

test("a header section above max_header_size is answered 431, however it comes", async () => {
  const { gateway, all, backend } = await start({ server: { max_header_size: "8KiB" } });
  const request = (bytes: number) =>
    `GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ${"x".repeat(bytes)}\r\n\r\n`;
  expect(parseAnswer(await converse(gateway.port, request(8_000))).status).toBe(200);
  const refused = parseAnswer(await converse(gateway.port, request(8_192)));
  expect(refused.status).toBe(431);
  expect(JSON.parse(refused.content)).toMatchObject({ status: 431 });

  // One that never ends.
  const endless = await connectRaw(stage, gateway.port);
  endless.send("GET /endless HTTP/1.1\r\nHost: a\r\n");
  await eventually(() => {
    if (endless.received() === "") endless.send(`X: ${"x".repeat(500)}\r\n`);
    return endless.received() !== "";
  });
  expect(endless.received()).toStartWith("HTTP/1.1 431");
  await endless.closed;
  expect(backend.requests).toHaveLength(1);

  await gateway.reload({ ...all, server: { max_header_size: "100KiB" } });
  expect(parseAnswer(await converse(gateway.port, request(90_000))).status).toBe(200);
});

test("more than 256 fields are answered 431", async () => {
  const { gateway } = await start();
  const request = (fields: number) =>
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${"X: y\r\n".repeat(fields - 2)}\r\n`;
  expect(parseAnswer(await converse(gateway.port, request(256))).status).toBe(200);
  expect(parseAnswer(await converse(gateway.port, request(257))).status).toBe(431);
});

test("contents that come a byte at a time keep nobody else out, and end by timeouts.request", async () => {
  const { gateway } = await start({ server: { timeouts: { request: "1s" } } });
  const slow = await Promise.all(
    Array.from({ length: 100 }, () => connectRaw(stage, gateway.port)),
  );
  for (const client of slow) {
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\na");
  }
  for (let round = 0; round < 5; round += 1) {
    for (const client of slow) client.send("a");
    const other = await connectRaw(stage, gateway.port);
    other.send(GET);
    await other.until("done");
  }
  await Promise.all(slow.map((client) => client.closed));
});
