import { expect, test } from "bun:test";
import { logRecordOf } from "../../../../src/telemetry/otlp/log-record.ts";
import { exchangeRecord } from "../../../support/exchange-record.ts";

interface LogRecord {
  readonly attributes: { key: string; value: Record<string, unknown> }[];
  readonly [key: string]: unknown;
}

function logRecord(...given: Parameters<typeof exchangeRecord>): LogRecord {
  return JSON.parse(logRecordOf(exchangeRecord(...given))) as LogRecord;
}

const attributesOf = ({ attributes }: LogRecord) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value]));

test("a row becomes a log record with the names of the conventions", () => {
  const record = logRecord({
    level: "warn",
    timestamp: Date.UTC(2026, 0, 1),
    method: "POST",
    path: "/users/1",
    statusCode: 429,
    latencyMs: 12.5,
    errorCode: "rate_limited",
    message: 'too many of "them"',
    requestId: "r-1",
    tokensIn: 7,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
  });
  expect(record).toMatchObject({
    timeUnixNano: `${Date.UTC(2026, 0, 1)}000000`,
    observedTimeUnixNano: `${Date.UTC(2026, 0, 1) + 12}500000`,
    severityNumber: 13,
    severityText: "WARN",
    body: { stringValue: "POST /users/1 - 429" },
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
  });
  expect(attributesOf(record)).toMatchObject({
    "http.request.method": { stringValue: "POST" },
    "url.path": { stringValue: "/users/1" },
    "http.response.status_code": { intValue: "429" },
    "http.route": { stringValue: "/*" },
    "client.address": { stringValue: "127.0.0.1" },
    "error.type": { stringValue: "rate_limited" },
    "gateway.error": { stringValue: 'too many of "them"' },
    "gateway.latency_ms": { doubleValue: 12.5 },
    "gateway.request_id": { stringValue: "r-1" },
    "gen_ai.usage.input_tokens": { intValue: "7" },
  });
});

test("a row without a trace and without an error has neither in its log record", () => {
  const record = logRecord();
  const keys = record.attributes.map(({ key }) => key);
  expect(record["traceId"]).toBeUndefined();
  expect(keys.filter((key) => /error|trace|tokens|cache/.test(key))).toEqual([]);
  expect(new Set(keys).size).toBe(keys.length);
});

test("details of a row are not sent", () => {
  const record = logRecord({ decisions: "[]", requestBody: "hunter2" });
  expect(JSON.stringify(record)).not.toContain("hunter2");
});
