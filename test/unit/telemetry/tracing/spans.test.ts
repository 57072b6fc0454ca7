import { describe, expect, test } from "bun:test";
import { AttemptError } from "../../../../src/transport/attempt-error.ts";
import type { AttemptRecord, Exchange } from "../../../../src/pipeline/exchange.ts";
import { TraceContext } from "../../../../src/pipeline/trace.ts";
import { SPANS } from "../../../../src/telemetry/otlp/signals.ts";
import { SpanWriter } from "../../../../src/telemetry/tracing/spans.ts";
import type { ReceivedSpan } from "../../../support/otlp-receiver.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const PARENT = "b7ad6b7169203331";

type Span = ReceivedSpan & { readonly traceState?: string };

function traceOf(changes: { parentId?: string; state?: string } = {}): TraceContext {
  const opening = { traceId: TRACE, spanId: SPAN, parentId: "", state: "", ...changes };
  return new TraceContext({ ...opening, isSampled: true, isRandom: false }, undefined);
}

/** The spans of an exchange of 250 milliseconds. */
function spansOf(exchange: Exchange, trace = traceOf()): Span[] {
  const { text, count } = new SpanWriter().spansOf(exchange, trace, exchange.started + 250);
  const spans = JSON.parse(`[${text}]`) as Span[];
  expect(count).toBe(spans.length);
  return spans;
}

function spanOf(opening: Opening, changes: Partial<Exchange> = {}): Span {
  const [span, ...others] = spansOf(Object.assign(openExchange(opening), { status: 200 }, changes));
  expect(others).toEqual([]);
  if (span === undefined) throw new Error("there is no span");
  return span;
}

function attributesOf({ attributes }: Span): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}

function attempt(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    backend: "http://a.test:9001/v1",
    startedAt: 10,
    endedAt: 100.25,
    failure: undefined,
    outcome: "answered",
    status: 200,
    target: "/v1/things?a=b",
    spanId: "1111111111111111",
    ...changes,
  };
}

function clientSpan(changes: Partial<AttemptRecord>, opening: Opening = {}): Span {
  const exchange = openExchange(opening);
  exchange.status = 200;
  exchange.attempts.push(attempt(changes));
  const span = spansOf(exchange)[1];
  if (span === undefined) throw new Error("there is no span of an attempt");
  return span;
}

describe("the span of an exchange", () => {
  test("has what the conventions ask for", () => {
    const span = spanOf(
      {
        url: "http://gateway.test:8080/users/1?a=b&token=secret",
        fields: { "user-agent": "curl/8.0" },
        client: { address: "203.0.113.9" },
      },
      { route: "/users/:id" },
    );
    expect(span).toMatchObject({
      traceId: TRACE,
      spanId: SPAN,
      name: "GET /users/:id",
      kind: 2,
      startTimeUnixNano: `${Date.UTC(2026, 0, 1)}000000`,
      endTimeUnixNano: `${Date.UTC(2026, 0, 1) + 250}000000`,
    });
    expect([span.parentSpanId, span.traceState, span.status]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(attributesOf(span)).toEqual({
      "http.request.method": "GET",
      "url.scheme": "http",
      "url.path": "/users/1",
      "url.query": "a=b&token=[redacted]",
      "client.address": "203.0.113.9",
      "network.peer.address": "192.0.2.1",
      "network.protocol.version": "1.1",
      "server.address": "gateway.test",
      "server.port": 8080,
      "http.route": "/users/:id",
      "user_agent.original": "curl/8.0",
      "http.response.status_code": 200,
      "gateway.request_id": "request-1",
    });
  });

  test("continues the client's, with its state", () => {
    const exchange = openExchange();
    const [span] = spansOf(exchange, traceOf({ parentId: PARENT, state: 'a="1"' }));
    expect([span?.parentSpanId, span?.traceState]).toEqual([PARENT, 'a="1"']);
  });

  test("has a name without number, whatever the method and without a route", () => {
    expect(spanOf({}).name).toBe("GET");
    const span = spanOf({ method: "PROPFIND" }, { route: "/*" });
    expect(span.name).toBe("HTTP /*");
    expect(attributesOf(span)).toMatchObject({
      "http.request.method": "_OTHER",
      "http.request.method_original": "PROPFIND",
    });
  });

  test.each([
    ["200", { status: 200 }, undefined, undefined],
    ["404", { status: 404 }, undefined, undefined],
    [
      "a 429 of the gateway",
      { status: 429, errorCode: "rate_limited", errorDetail: "too many" },
      undefined,
      "rate_limited",
    ],
    [
      "a client that has left",
      { status: 499, errorCode: "client_closed", errorDetail: "the client has left" },
      undefined,
      "client_closed",
    ],
    ["a backend's 500", { status: 500 }, "500", undefined],
    [
      "a 502 of the gateway",
      { status: 502, errorCode: "backend_unreachable", errorDetail: "refused" },
      "backend_unreachable",
      undefined,
    ],
    [
      "a 200 that broke off",
      { status: 200, errorCode: "backend_stalled", errorDetail: "no more came" },
      "backend_stalled",
      undefined,
    ],
  ] as const)("of %s is an error of the right kind, or none", (_what, changes, type, code) => {
    const span = spanOf({}, changes);
    const attributes = attributesOf(span);
    expect(attributes["error.type"]).toBe(type as string);
    expect(attributes["gateway.error_code"]).toBe(code as string);
    expect(span.status?.code).toBe(type === undefined ? (undefined as never) : 2);
    if (type !== undefined && "errorDetail" in changes) {
      expect(span.status?.message).toBe(changes.errorDetail);
    }
    expect(attributes["http.response.status_code"]).toBe(
      changes.status === 499 ? (undefined as never) : changes.status,
    );
  });

  test("survives whatever a client and a backend can say", () => {
    const span = spanOf(
      { url: 'http://gateway.test/a"b\\c', fields: { "user-agent": '"\\\u00ff' } },
      { status: 502, errorCode: "backend_unreachable", errorDetail: 'a\u0000b\uD800"' },
    );
    expect(attributesOf(span)["user_agent.original"]).toBe('"\\\u00ff');
    expect(span.status?.message).toBe('a\u0000b\uFFFD"');
  });
});

describe("the span of an attempt", () => {
  test("has what the conventions ask for, and is the exchange's child", () => {
    const exchange = openExchange();
    exchange.status = 200;
    exchange.attempts.push(
      attempt({
        endedAt: 20,
        outcome: "connect",
        status: 0,
        failure: new AttemptError("backend_unreachable", "refused", "nothing"),
      }),
      attempt({ backend: "http://b.test", target: "/things", spanId: "2222222222222222" }),
    );
    const [server, failed, answered] = spansOf(exchange, traceOf({ parentId: PARENT }));
    expect(server?.parentSpanId).toBe(PARENT);
    expect(failed).toMatchObject({
      traceId: TRACE,
      spanId: "1111111111111111",
      parentSpanId: SPAN,
      name: "GET",
      kind: 3,
      startTimeUnixNano: `${Date.UTC(2026, 0, 1) + 10}000000`,
      endTimeUnixNano: `${Date.UTC(2026, 0, 1) + 20}000000`,
      status: { code: 2, message: "refused" },
    });
    expect(failed && attributesOf(failed)).toEqual({
      "http.request.method": "GET",
      "url.full": "http://a.test:9001/v1/things?a=b",
      "server.address": "a.test",
      "server.port": 9001,
      "error.type": "backend_unreachable",
      "gateway.attempt_outcome": "connect",
    });
    expect(answered?.endTimeUnixNano).toBe(`${Date.UTC(2026, 0, 1) + 100}250000`);
    expect(answered && attributesOf(answered)).toEqual({
      "http.request.method": "GET",
      "url.full": "http://b.test/things",
      "server.address": "b.test",
      "server.port": 80,
      "http.response.status_code": 200,
      "http.request.resend_count": 1,
    });
  });

  test.each([
    [404, "404"],
    [503, "503"],
    [302, undefined],
  ])("that is answered %i is an error for its sender: %p", (status, type) => {
    const span = clientSpan({ status });
    expect(attributesOf(span)["error.type"]).toBe(type as string);
    expect(span.status).toEqual(type === undefined ? (undefined as never) : { code: 2 });
  });

  test.each(["outrun", "cancelled"] as const)("that was %s is no error", (outcome) => {
    const span = clientSpan({ outcome, status: 0, failure: new Error("given up") });
    expect(span.status).toBeUndefined();
    expect(attributesOf(span)["gateway.attempt_outcome"]).toBe(outcome);
  });

  test("in progress ends with its exchange", () => {
    const span = clientSpan({ endedAt: 0, outcome: "", status: 0 });
    expect(span.endTimeUnixNano).toBe(`${Date.UTC(2026, 0, 1) + 250}000000`);
  });

  test("at a Unix socket names its path", () => {
    const span = clientSpan({ backend: "unix:///run/app.sock", target: "/a" });
    expect(attributesOf(span)).toMatchObject({
      "server.address": "/run/app.sock",
      "url.full": "http://localhost/a",
    });
  });

  test("has no secret of the URL or of a message in it", () => {
    const span = clientSpan(
      {
        backend: "https://user:hunter2@a.test",
        target: "/a;token=hunter3?api_key=hunter4&b=c",
        outcome: "reset",
        status: 0,
        failure: new AttemptError("backend_protocol_error", "said hunter5hunter5", "maybe"),
      },
      { fields: { authorization: "Bearer hunter5hunter5" } },
    );
    expect(JSON.stringify(span)).not.toContain("hunter");
    expect(attributesOf(span)["url.full"]).toBe(
      "https://a.test/a;token=[redacted]?api_key=[redacted]&b=c",
    );
  });
});

test("a message has the form of the protocol", () => {
  const { text } = new SpanWriter().spansOf(openExchange(), traceOf({ parentId: PARENT }), 250);
  const sender = { service: "my.service", version: "1.0.0", instance: "1" };
  const made = JSON.parse(SPANS.message([text], sender)) as unknown;
  expect(formOf(made)).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "string", value: { stringValue: "string" } }] },
        scopeSpans: [
          {
            scope: { name: "string", version: "digits and dots" },
            spans: [
              {
                traceId: "32 digits",
                spanId: "16 digits",
                parentSpanId: "16 digits",
                name: "string",
                kind: "number",
                startTimeUnixNano: "whole number",
                endTimeUnixNano: "whole number",
                attributes: [{ key: "string", value: { stringValue: "string" } }],
              },
            ],
          },
        ],
      },
    ],
  });
});

/** The keys of objects, the first items of lists, and the kinds of values. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return [formOf(value[0])];
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, formOf(inner)]));
  }
  if (typeof value !== "string") return typeof value;
  if (/^[0-9a-f]{32}$/.test(value)) return "32 digits";
  if (/^[0-9a-f]{16}$/.test(value)) return "16 digits";
  if (/^[0-9]+$/.test(value)) return "whole number";
  return /^[0-9.]+$/.test(value) ? "digits and dots" : "string";
}
