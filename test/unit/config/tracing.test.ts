import { describe, expect, test } from "bun:test";
import { tracingSettings } from "../../../src/telemetry/tracing/schema.ts";
import { errorsIn, loaded, printed } from "./loading.ts";

const ROUTES = "routes: [{ path: /a, backends: [http://a] }]";

describe("tracing", () => {
  test("is off unless it is configured", () => {
    expect(loaded(ROUTES).tracing).toBeUndefined();
    expect(tracingSettings(undefined)).toBeUndefined();
  });

  test("may be a URL alone, which means the same as `otlp`", () => {
    const url = "http://127.0.0.1:4318";
    const short = tracingSettings(loaded(`tracing: ${url}\n${ROUTES}`).tracing);
    expect(short).toEqual(tracingSettings(loaded(`tracing: { otlp: ${url} }\n${ROUTES}`).tracing));
    expect(short).toEqual({
      otlp: url,
      sample: 0.1,
      trust: "proxies",
      service: "gateway",
      headers: {},
      timeout: 10_000,
    });
  });

  test("takes a secret of its receiver from the environment", () => {
    const text = `tracing: { otlp: "https://otlp.example.com", headers: { authorization: "\${KEY}" } }\n${ROUTES}`;
    const { tracing } = loaded(text, { KEY: "Bearer abc" });
    expect(tracingSettings(tracing)?.headers).toEqual({ authorization: "Bearer abc" });
  });

  test.each([
    ["yes", "`yes` is not a URL"],
    ["off", "leave `tracing` out"],
    ["127.0.0.1:4318", "`127.0.0.1:4318` is not a URL; write one like http://127.0.0.1:4318"],
    ["grpc://a:4318", "OTLP is sent over http:// or https://, not grpc:"],
    ["http://u:p@a:4318", "the URL contains a user or a password, which belong into `headers`"],
    ["http://a:4318?x=1", "the URL contains a query or a fragment"],
    ["{ sample: 10% }", "missing key `otlp`"],
    ["{ otlp: http://a, sample: 0.1 }", "expected a percentage"],
    ["{ otlp: http://a, trust: everybody }", "expected"],
    ["{ otlp: http://a, timeout: 5m }", "the receiver may take from 10ms to 60s"],
    ["{ otlp: http://a, headers: { a b: c } }", "`a b` is not a field name"],
    ["{ otlp: http://a, headers: { Host: c } }", "the gateway sets the field Host itself"],
    ['{ otlp: http://a, headers: { a: "b\\nc" } }', "the value of a is not one line of text"],
    ["{ otlp: http://a, endpoint: http://b }", "unknown key `endpoint`"],
  ])("written as %s is refused", (written, message) => {
    const errors = errorsIn(`tracing: ${written}\n${ROUTES}`);
    expect(errors.length).toBe(1);
    expect(errors[0]).toContain(`: ${message}`);
  });

  test("warns of the port for another protocol", () => {
    expect(printed(`tracing: http://127.0.0.1:4317\n${ROUTES}`)).toContain(
      "4317 is usually the port for OTLP over gRPC",
    );
  });

  test("never shows a secret of its receiver", () => {
    const shown = printed(
      `tracing: { otlp: http://a, headers: { x-key: hunter2hunter2 }, sample: 5 }\n${ROUTES}`,
    );
    expect(shown).toContain("sample");
    expect(shown).not.toContain("hunter2");
  });
});
