import { describe, expect, test } from "bun:test";
import { world } from "./world.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const CLIENTS = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1" };
const ROUTES = `routes: [{ path: "/api/*", backends: ["http://a.test", "http://b.test"], retry: 2 }]`;

describe("a client's trace context", () => {
  test("passes through as it is without tracing", async () => {
    const { ask, sent, records } = world();
    await ask("/api/a", { headers: CLIENTS });
    expect(sent[0]?.headers.get("traceparent")).toBe(CLIENTS.traceparent);
    expect(sent[0]?.headers.get("tracestate")).toBe("a=1");
    expect(records[0]?.traceId).toBe("");
  });

  test("never reaches a backend if the client is not trusted", async () => {
    const { ask, sent, records } = world({ config: `tracing: http://127.0.0.1:4318\n${ROUTES}` });
    await ask("/api/a", { headers: CLIENTS });
    const written = sent[0]?.headers.get("traceparent") ?? "";
    expect(written).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(written).not.toContain(TRACE);
    expect(sent[0]?.headers.get("tracestate")).toBeNull();
    expect(records[0]?.traceId).toBe(written.split("-")[1] ?? "");
  });

  test("is continued by each attempt with a span of its own", async () => {
    const { ask, sent, records } = world({
      config: `tracing: { otlp: "http://127.0.0.1:4318", trust: always, sample: 0% }\n${ROUTES}`,
      answer({ url }) {
        if (url.startsWith("http://b")) return new Response("");
        throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
      },
    });
    await (await ask("/api/a", { headers: CLIENTS })).text();
    expect(sent.length).toBe(2);
    const parents = sent.map(({ headers }) => headers.get("traceparent")?.split("-") ?? []);
    expect(parents.map(([version, trace, , flags]) => [version, trace, flags])).toEqual(
      sent.map(() => ["00", TRACE, "01"]),
    );
    const spans = new Set([SPAN, ...parents.map(([, , span]) => span)]);
    expect(spans.size).toBe(sent.length + 1);
    expect(sent.map(({ headers }) => headers.get("tracestate"))).toEqual(sent.map(() => "a=1"));
    expect(records[0]?.traceId).toBe(TRACE);
  });

  test("is continued in the placeholder of a route's text", async () => {
    const { ask, sent } = world({
      config: `tracing: { otlp: "http://127.0.0.1:4318", trust: always }
routes:
  - path: /api/*
    backends: ["http://a.test"]
    request: { headers: { set: { x-trace: "{trace.id}", traceparent: mine } } }`,
    });
    await ask("/api/a", { headers: CLIENTS });
    expect(sent[0]?.headers.get("x-trace")).toBe(TRACE);
    expect(sent[0]?.headers.get("traceparent")).toStartWith(`00-${TRACE}-`);
  });
});
