import { expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { attributesOf, type ReceivedSpan, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { startHttp2Backend } from "../unit/transport/http2/support.ts";
import { Client } from "../wire/client.ts";

const stage = createStage();

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const CONTEXT = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "a=1,b=2" };
const TRUSTED = { trusted_proxies: ["127.0.0.1"] };

const idsOf = (field: string | undefined) => field?.split("-").slice(1, 3);

test("a retried request is a trace of the client's span, the gateway's, and one for each attempt", async () => {
  const receiver = await startOtlpReceiver(stage);
  const failing = await startRawBackend(stage, (request) =>
    request.send(answer([], "not now", "503 Service Unavailable")),
  );
  const working = await startRawBackend(stage, (request) => request.send(answer([], "hello")));
  const gateway = await startGateway(stage, {
    server: TRUSTED,
    tracing: { otlp: receiver.url, sample: "0%", service: "shop", headers: { "x-key": "abc" } },
    health_check: noHealthChecks,
    logging: { format: "json", export: { otlp: receiver.url } },
    metrics: { export: { otlp: receiver.url, interval: "1h" } },
    routes: [{ path: "/users/:id", backends: [failing.url, working.url], retry: 3 }],
  });
  const response = await ask(`${gateway.url}/users/1?token=hunter2&a=b`, { headers: CONTEXT });
  expect(await response.text()).toBe("hello");
  const [row] = await gateway.waitForRows(1);
  expect(row).toMatchObject({ trace_id: TRACE });
  const line = await gateway.lines.waitFor(/"path":"\/users\/1"/);
  expect(JSON.parse(line)).toMatchObject({ trace_id: TRACE });
  expect(await gateway.stop()).toBe(0);

  const [server, ...attempts] = await receiver.waitForSpans(3);
  expect(server).toMatchObject({
    traceId: TRACE,
    parentSpanId: PARENT,
    kind: 2,
    name: "GET /users/:id",
  });
  expect(attempts.map(({ traceId, parentSpanId, kind }) => [traceId, parentSpanId, kind])).toEqual([
    [TRACE, server?.spanId, 3],
    [TRACE, server?.spanId, 3],
  ]);
  const sent = [failing, working].flatMap(({ requests }) => requests);
  expect(sent.map((request) => request.all("traceparent").map(idsOf))).toEqual(
    attempts.map(({ spanId }) => [[TRACE, spanId]]),
  );
  expect(sent.map((request) => request.all("tracestate"))).toEqual([["a=1,b=2"], ["a=1,b=2"]]);
  expect(attempts.map(attributesOf)).toMatchObject([
    { "http.response.status_code": 503, "error.type": "503" },
    { "http.response.status_code": 200, "http.request.resend_count": 1 },
  ]);
  expect(attempts.map(({ status }) => status?.code)).toEqual([2, undefined]);
  expect(JSON.stringify(receiver.spans)).not.toContain("hunter2");
  expect(receiver.resources[0]?.[0]).toEqual({
    key: "service.name",
    value: { stringValue: "shop" },
  });
  const [record] = await receiver.waitForLogs(1);
  expect(record).toMatchObject({
    traceId: TRACE,
    spanId: server?.spanId,
    severityText: "INFO",
    body: { stringValue: "GET /users/1 - 200" },
  });
  expect(record && attributesOf(record)).toMatchObject({
    "gateway.request_id": row?.request_id,
    "gateway.query": "?token=[redacted]&a=b",
  });
  await eventually(() => receiver.metrics.length > 0);
  expect(receiver.metrics).toContain("gateway_requests_total");
  expect([server, ...attempts].every(endsAfterItBegins)).toBe(true);
});

function endsAfterItBegins(span: ReceivedSpan | undefined): boolean {
  const { startTimeUnixNano = "1", endTimeUnixNano = "0" } = span ?? {};
  return BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano);
}

test("a client that is not trusted gets a trace of its own, on every way to a backend", async () => {
  const receiver = await startOtlpReceiver(stage);
  const seen: (string | undefined)[] = [];
  const overHttp2 = await startHttp2Backend(stage, (stream, headers) => {
    seen.push(headers["traceparent"] as string | undefined, headers["tracestate"] as string);
    stream.respond({ ":status": 200 });
    stream.end();
  });
  const upgrading = await startRawBackend(stage, (request) => {
    seen.push(...request.all("traceparent"), request.all("tracestate")[0]);
    request.send(message(["HTTP/1.1 101 Switching", "Connection: Upgrade", "Upgrade: tcp"]));
    request.end();
  });
  const gateway = await startGateway(stage, {
    tracing: { otlp: receiver.url, sample: "0%" },
    health_check: noHealthChecks,
    routes: [
      { path: "/h2", backends: [overHttp2.origin], protocol: "http2" },
      { path: "/upgrade", backends: [upgrading.url] },
    ],
  });
  await (await ask(`${gateway.url}/h2`, { headers: CONTEXT })).text();
  const client = await Client.connect("127.0.0.1", gateway.port, 10_000);
  stage.defer(() => client.close());
  const fields = Object.entries(CONTEXT).map(([name, value]) => `${name}: ${value}`);
  const asked = ["GET /upgrade HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: tcp"];
  await client.send(message([...asked, ...fields]));
  expect((await client.head()).status).toBe(101);
  expect(seen.map((field) => field?.replace(/-[0-9a-f]{32}-[0-9a-f]{16}-/, "-…-"))).toEqual([
    "00-…-00",
    undefined,
    "00-…-00",
    undefined,
  ]);
  expect(seen.join()).not.toContain(TRACE);
  client.close();
  const rows = await gateway.waitForRows(2);
  expect(new Set(rows.map((row) => Reflect.get(row, "trace_id")))).toEqual(
    new Set([idsOf(seen[0])?.[0], idsOf(seen[2])?.[0]]),
  );
  await gateway.stop();
  expect(receiver.spans).toEqual([]);
});
