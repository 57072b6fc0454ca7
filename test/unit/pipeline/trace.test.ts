import { describe, expect, test } from "bun:test";
import { TraceContext, TraceIds } from "../../../src/pipeline/trace.ts";

const random = () => new TraceIds((bytes) => crypto.getRandomValues(bytes));

const OPENING = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentId: "",
  isSampled: true,
  isRandom: false,
  state: "",
};

describe("ids of traces and spans", () => {
  test("are all different, and hexadecimal digits", () => {
    const ids = random();
    const made = Array.from({ length: 1_000 }, () => [ids.traceId(), ids.spanId()]).flat();
    expect(new Set(made).size).toBe(2_000);
    expect(made.every((id) => /^(?:[0-9a-f]{32}|[0-9a-f]{16})$/.test(id))).toBe(true);
  });

  test("are never all zeros", () => {
    let filled = 0;
    const ids = new TraceIds((bytes) => {
      filled += 1;
      bytes.fill(0, 0, 24);
      bytes.fill(filled, 24);
    });
    expect(ids.spanId()).toBe("01".repeat(8));
  });
});

describe("the fields of a request in a trace", () => {
  test("name the request's own span, and not what a client said of a trace", () => {
    const trace = new TraceContext({ ...OPENING, state: "a=1,b=2" }, random());
    const spanId = trace.attemptSpanId();
    expect(spanId).not.toBe(trace.spanId);
    const before = ["host", "a", "traceparent", "00-1-2-3", "tracestate", "x=1", "accept", "*/*"];
    expect(trace.fieldsFor(before, spanId)).toEqual([
      "host",
      "a",
      "accept",
      "*/*",
      "traceparent",
      `00-${OPENING.traceId}-${spanId}-01`,
      "tracestate",
      "a=1,b=2",
    ]);
    expect(before.length).toBe(8);
  });

  test("say that it is not recorded", () => {
    const trace = new TraceContext({ ...OPENING, isSampled: false }, random());
    expect(trace.fieldsFor([], OPENING.spanId)).toEqual([
      "traceparent",
      `00-${OPENING.traceId}-${OPENING.spanId}-00`,
    ]);
  });

  test("name the exchange's span where there is none for each request", () => {
    const trace = new TraceContext({ ...OPENING, isRandom: true }, random()).withoutSpans();
    expect(trace.attemptSpanId()).toBe(OPENING.spanId);
    expect(trace.fieldsFor([], OPENING.spanId)[1]).toEndWith("-03");
  });
});
