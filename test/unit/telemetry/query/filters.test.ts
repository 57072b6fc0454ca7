import { describe, expect, test } from "bun:test";
import { FilterError, filterNames, parseFilters } from "../../../../src/telemetry/query/filters.ts";

const NOW = Date.UTC(2026, 10, 25, 12);

const conditionsOf = (texts: Record<string, string>) => parseFilters(texts, NOW).conditions;

function problemWith(texts: Record<string, string>): string {
  try {
    parseFilters(texts, NOW);
  } catch (error) {
    if (error instanceof FilterError) return error.message;
  }
  return "";
}

describe("statuses", () => {
  const ranges = (status: string) =>
    conditionsOf({ status }).map((one) => ("ranges" in one ? one.ranges : []))[0];

  test("are numbers, classes, comparisons, spans, and lists of these", () => {
    expect(ranges("404")).toEqual([{ from: 404, to: 404 }]);
    expect(ranges("5xx")).toEqual([{ from: 500, to: 599 }]);
    expect(ranges(">=400")).toEqual([{ from: 400, to: Infinity }]);
    expect(ranges("200..299")).toEqual([{ from: 200, to: 299 }]);
    expect(ranges("429, 5XX")).toEqual([
      { from: 429, to: 429 },
      { from: 500, to: 599 },
    ]);
  });

  test.each(["", "abc", "20", "2000", "4x", ">", "5xx,", "299..200"])("are not %p", (status) => {
    expect(problemWith({ status })).toContain("status");
  });
});

describe("durations", () => {
  const ranges = (duration: string) =>
    conditionsOf({ duration }).map((one) => ("ranges" in one ? one.ranges : []))[0];

  test("are comparisons, spans, and two of these that both hold", () => {
    expect(ranges(">=200ms")).toEqual([{ from: 200, to: Infinity }]);
    expect(ranges(">200ms")?.[0]?.from).toBeCloseTo(200.0005, 6);
    expect(ranges("1s..5s")).toEqual([{ from: 1000, to: 5000 }]);
    expect(ranges(">=200ms,<=1s")).toEqual([{ from: 200, to: 1000 }]);
  });

  test.each(["200", "200ms", ">200", ">5s,<1s", "x..y"])("are not %p", (duration) => {
    expect(problemWith({ duration })).toBe(
      `duration cannot be "${duration}"; write >200ms, <1s, 200ms..1s or >200ms,<1s`,
    );
  });
});

describe("times", () => {
  test.each([
    ["10m", NOW - 600_000],
    ["1h30m ago", NOW - 5_400_000],
    ["now", NOW],
    ["2026-11-24", Date.UTC(2026, 10, 24)],
    ["2026-11-24 21:06", Date.UTC(2026, 10, 24, 21, 6)],
    ["2026-11-24T21:06:30.123Z", Date.UTC(2026, 10, 24, 21, 6, 30, 123)],
    ["2026-11-24T21:06:30+0200", Date.UTC(2026, 10, 24, 19, 6, 30)],
  ])("%p is one", (until, time) => {
    expect(parseFilters({ until }, NOW).until).toBe(time);
  });

  test.each(["99999999999d", "999999999999999w", "0001-01-01"])(
    "%p is before everything that a log can have",
    (since) => {
      expect(parseFilters({ since }, NOW).since).toBe(0);
    },
  );

  test.each(["yesterday", "2026-13-01", "24.11.2026", "10"])("%p is not one", (since) => {
    expect(problemWith({ since })).toStartWith(`since cannot be "${since}"; write 10m`);
  });

  test("that are wrong are repeated in part alone", () => {
    expect(problemWith({ since: "x".repeat(9_999) }).length).toBeLessThan(500);
  });

  test("have to be in their order", () => {
    expect(problemWith({ since: "1h", until: "2h" })).toContain("until is not after since");
  });
});

describe("texts", () => {
  test("are exact, but methods, hosts, addresses and traces in the form that rows have", () => {
    expect(
      conditionsOf({
        method: "get, post",
        host: "Example.COM",
        client: "::ffff:10.0.0.1",
        trace_id: "0AF7651916CD43DD8448EB211C80319C",
        route: "/Users/*",
      }),
    ).toEqual([
      { kind: "text", column: "method", texts: ["GET", "POST"] },
      { kind: "text", column: "host", texts: ["example.com"] },
      { kind: "text", column: "client_ip", texts: ["10.0.0.1"] },
      { kind: "text", column: "trace_id", texts: ["0af7651916cd43dd8448eb211c80319c"] },
      { kind: "text", column: "route", texts: ["/Users/*"] },
    ]);
  });

  test("may be any or none, and these words themselves after a sign", () => {
    expect(conditionsOf({ error: "any", model: "none", subject: "=any" })).toEqual([
      { kind: "presence", column: "error_code", present: true },
      { kind: "presence", column: "model", present: false },
      { kind: "text", column: "subject", texts: ["any"] },
    ]);
  });

  test("of paths may be patterns", () => {
    expect(conditionsOf({ path: "/a/**/b*" })).toEqual([
      { kind: "glob", column: "path", glob: "/a/*/b*" },
    ]);
    expect(conditionsOf({ path: "/a" })).toEqual([{ kind: "text", column: "path", texts: ["/a"] }]);
  });
});

describe("filters", () => {
  test("say what is wrong with them, and what was meant", () => {
    expect(problemWith({ statuss: "1" })).toBe("there is no filter statuss; did you mean status?");
    expect(problemWith({ client_ip: "1" })).toEndWith("did you mean client?");
    expect(problemWith({ zzz: "1" })).toContain(filterNames.join(", "));
    expect(problemWith({ route: " " })).toBe("route needs a value: the route's id, or `none`");
    expect(problemWith({ trace_id: "xyz\u001b" })).toBe(
      'trace_id cannot be "xyz\\x1b"; write 32 hexadecimal digits',
    );
  });
});
