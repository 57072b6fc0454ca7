import { describe, expect, test } from "bun:test";
import { RequestFields } from "../../../../src/http/request-fields.ts";
import { TraceIds } from "../../../../src/pipeline/trace.ts";
import { Tracer, type TracerSettings } from "../../../../src/telemetry/tracing/tracer.ts";
import { fieldsFrom } from "../../../support/client-request.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

function tracer({ trust = "proxies", sample = 1 }: Partial<TracerSettings> = {}): Tracer {
  return new Tracer({ trust, sample }, new TraceIds((bytes) => crypto.getRandomValues(bytes)));
}

function fields(...list: [string, string][]): RequestFields {
  return new RequestFields(fieldsFrom(list));
}

const sent = (flags = "01") =>
  fields(
    ["traceparent", `00-${TRACE}-${SPAN}-${flags}`],
    ["tracestate", "a=1"],
    ["tracestate", "b=2"],
  );

describe("a request's trace", () => {
  test.each([
    ["never", false, false],
    ["never", true, false],
    ["proxies", false, false],
    ["proxies", true, true],
    ["always", false, true],
    ["always", true, true],
  ] as const)(
    "with trust %s, from a proxy: %p, is continued: %p",
    (trust, isProxy, isContinued) => {
      const trace = tracer({ trust }).begin(sent(), isProxy);
      expect(trace.traceId === TRACE).toBe(isContinued);
      expect(trace.parentId).toBe(isContinued ? SPAN : "");
      expect(trace.state).toBe(isContinued ? "a=1,b=2" : "");
      expect(trace.spanId).not.toBe(SPAN);
    },
  );

  test.each([
    ["recorded if its sender records it, whatever the ratio", "01", 0, true],
    ["not recorded if its sender does not, whatever the ratio", "00", 1, false],
  ])("that is continued is %s", (_what, flags, sample, isSampled) => {
    expect(tracer({ sample }).begin(sent(flags), true).isSampled).toBe(isSampled);
  });

  test("passes on that its id is random", () => {
    const trace = tracer().begin(sent("03"), true);
    expect(trace.fieldsFor([], trace.spanId)[1]).toBe(`00-${TRACE}-${trace.spanId}-03`);
  });

  test("begins here, without tracestate, if traceparent is not valid", () => {
    const twice: [string, string] = ["traceparent", `00-${TRACE}-${SPAN}-01`];
    for (const wrong of [
      fields(["tracestate", "a=1"]),
      fields(["traceparent", `00-${TRACE}-${SPAN}`], ["tracestate", "a=1"]),
      fields(twice, twice, ["tracestate", "a=1"]),
    ]) {
      const trace = tracer().begin(wrong, true);
      expect(trace.traceId).not.toBe(TRACE);
      expect([trace.parentId, trace.state]).toEqual(["", ""]);
    }
  });

  test("is recorded by its ratio", () => {
    const recorded = (sample: number) => {
      const one = tracer({ sample });
      const none = fields();
      return Array.from({ length: 2_000 }, () => one.begin(none, false)).filter(
        ({ isSampled }) => isSampled,
      ).length;
    };
    expect(recorded(0)).toBe(0);
    expect(recorded(1)).toBe(2_000);
    expect(Math.abs(recorded(0.25) - 500)).toBeLessThan(150);
  });

  test("is recorded by all gateways of one ratio, or by none", () => {
    const idsOf = (digits: string) =>
      new TraceIds((bytes) => bytes.fill(Number.parseInt(digits, 16)));
    const isSampled = (digits: string, sample: number) =>
      new Tracer({ trust: "never", sample }, idsOf(digits)).begin(fields(), false).isSampled;
    expect([isSampled("bb", 0.25), isSampled("cc", 0.25)]).toEqual([false, true]);
    expect([isSampled("77", 0.5), isSampled("88", 0.5), isSampled("ff", 0.001)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
