import { expect, test } from "bun:test";
import { toRecord } from "../../../src/telemetry/record.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";

test("an exchange that is over becomes one record", () => {
  const clock = new FakeClock();
  clock.advance(1_234);
  const exchange = openExchange({
    url: "http://gateway.test/api/users/1?a=b",
    method: "POST",
    fields: { "user-agent": "curl/8.0" },
    client: { peer: "10.0.0.1", address: "203.0.113.9" },
  });
  Object.assign(exchange, {
    route: "/api/users/*",
    attempts: [{ backend: "http://localhost:9001", startedAt: 0, endedAt: 1_000 }],
    status: 201,
    bytesIn: 3,
    bytesOut: 90,
    messagesIn: 2,
    messagesOut: 7,
    headersAt: 1_000,
  });
  expect(toRecord(exchange, clock.monotonic())).toEqual({
    timestamp: Date.UTC(2026, 0, 1),
    level: "info",
    message: "",
    method: "POST",
    path: "/api/users/1",
    query: "?a=b",
    host: "gateway.test",
    protocol: "HTTP/1.1",
    tlsVersion: "",
    serverName: "",
    statusCode: 201,
    latencyMs: 1_234,
    ttfbMs: 1_000,
    clientIp: "203.0.113.9",
    userAgent: "curl/8.0",
    backend: "http://localhost:9001",
    route: "/api/users/*",
    requestId: "request-1",
    bytesIn: 3,
    bytesOut: 90,
    messagesIn: 2,
    messagesOut: 7,
    attempts: 1,
    attemptOutcomes: "",
    errorCode: "",
    endedBy: "",
    grpcStatus: -1,
    cache: "",
    subject: "",
    provider: "",
    upstream: "",
    refusedBy: "",
    configuration: "",
    traceId: "",
    model: "",
    tokensIn: -1,
    tokensOut: -1,
    decisions: "",
    requestFields: "",
    responseFields: "",
    requestBody: "",
    responseBody: "",
    isLogged: true,
  });
});

test("what is logged of an exchange depends on its route and on how it ended", () => {
  const isLogged = (changes: object) =>
    toRecord(Object.assign(openExchange(), changes), 0).isLogged;
  expect(isLogged({ status: 200 })).toBe(true);
  expect(isLogged({ status: 500, logged: "off" })).toBe(false);
  expect(isLogged({ status: 399, logged: "errors" })).toBe(false);
  expect(isLogged({ status: 400, logged: "errors" })).toBe(true);
  expect(isLogged({ status: 200, logged: "errors", errorCode: "client_stalled" })).toBe(true);
});

test("several attempts are told apart by backend, outcome and time", () => {
  const exchange = openExchange();
  exchange.attempts.push(
    { ...attempt("http://a:9001", 0, 3.4), outcome: "connect", status: 0 },
    { ...attempt("http://b:9001", 5, 17), outcome: "answered", status: 503 },
    { ...attempt("http://c:9001", 20, 220), outcome: "outrun", status: 0 },
  );
  expect(toRecord(exchange, 0)).toMatchObject({
    attempts: 3,
    attemptOutcomes:
      "http://a:9001 connect 3ms; http://b:9001 503 12ms; http://c:9001 outrun 200ms",
    backend: "http://c:9001",
  });
  exchange.answeredBy = exchange.attempts[1];
  expect(toRecord(exchange, 0).backend).toBe("http://b:9001");
});

function attempt(backend: string, startedAt: number, endedAt: number) {
  return { backend, startedAt, endedAt, failure: undefined };
}

test("an exchange that failed says why, and that no header section came", () => {
  const exchange = openExchange();
  exchange.fail("backend_timeout", "too late");
  exchange.status = 504;
  expect(toRecord(exchange, 0)).toMatchObject({
    errorCode: "backend_timeout",
    endedBy: "backend",
    message: "too late",
    ttfbMs: -1,
    userAgent: "",
  });
});

test("an error for a gRPC client has its own level, although its status is 200", () => {
  const exchange = openExchange();
  exchange.fail("backend_unreachable", "refused");
  exchange.status = 200;
  exchange.grpcStatus = 14;
  expect(toRecord(exchange, 0)).toMatchObject({ level: "error", statusCode: 200, grpcStatus: 14 });
});

test.each([
  [200, "info"],
  [399, "info"],
  [400, "warn"],
  [499, "warn"],
  [500, "error"],
  [599, "error"],
] as const)("an exchange with status %i has the level %s", (status, level) => {
  const exchange = openExchange();
  exchange.status = status;
  expect(toRecord(exchange, 0).level).toBe(level);
});
