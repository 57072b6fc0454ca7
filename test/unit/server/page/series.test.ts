import { describe, expect, test } from "bun:test";
import {
  joined,
  liveSeries,
  pastSeries,
} from "../../../../src/server/admin/page/app/charts/series.ts";
import {
  lengthOf,
  refreshOf,
  windowOf,
  windowQuery,
} from "../../../../src/server/admin/page/app/data/window.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 26, 12, 0, seconds)).toISOString();
const latencies = { p50_ms: 5, p90_ms: 9, p99_ms: 20, bytes_in: 0, bytes_out: 0 };
const second = (seconds: number, requests: number, errors = 0) => ({
  at: at(seconds),
  seconds: 1,
  requests,
  errors,
  in_flight: 0,
  ...latencies,
});

describe("the series of a chart", () => {
  test("has rates of steps, and nothing where there was nothing", () => {
    const series = pastSeries({
      from: at(0),
      to: at(180),
      step_seconds: 60,
      totals: { requests: 180, errors: 6, error_rate: 0.05, ...latencies },
      series: [{ at: at(60), requests: 120, errors: 6, ...latencies }],
      classes: [],
    });
    expect(series.times.map((time) => new Date(time).toISOString())).toEqual(
      [0, 60, 120, 180].map(at),
    );
    expect(series.rates).toEqual([0, 2, 0, 0]);
    expect(series.errors).toEqual([0, 0.1, 0, 0]);
    expect(series.errorRates).toEqual([0, 0.05, 0, 0]);
    expect(series.p99).toEqual([undefined, 20, undefined, undefined]);
  });

  test("has a gap where no seconds were told of", () => {
    const { times, rates, p99 } = liveSeries([second(0, 4), second(1, 6), second(20, 8)]);
    expect(rates).toEqual([4, 6, null, 8]);
    expect(p99).toEqual([20, 20, null, 20]);
    expect(times).toHaveLength(4);
  });

  test("has a line of latencies that goes on over seconds without requests", () => {
    const idle = { ...second(1, 0), p50_ms: null, p90_ms: null, p99_ms: null };
    const { rates, p99 } = liveSeries([second(0, 4), idle, second(2, 8)]);
    expect(rates).toEqual([4, 0, 8]);
    expect(p99).toEqual([20, undefined, 20]);
  });

  test("of a long second is what it would have been in a short one", () => {
    expect(liveSeries([{ ...second(0, 9), seconds: 3 }]).rates).toEqual([3]);
  });

  test("goes from the steps of the past to the seconds of the present", () => {
    const past = {
      from: at(0),
      to: at(170),
      step_seconds: 60,
      totals: { requests: 180, errors: 0, error_rate: 0, ...latencies },
      series: [0, 60, 120].map((from) => ({ at: at(from), requests: 60, errors: 0, ...latencies })),
      classes: [],
    };
    const { times, rates, p99 } = joined(past, liveSeries([second(150, 7), second(151, 8)]));
    expect(times.map((time) => (time - Date.parse(at(0))) / 1000)).toEqual([
      0, 59, 60, 119, 120, 150, 151,
    ]);
    expect(rates).toEqual([1, 1, 1, 1, null, 7, 8]);
    expect(p99).toEqual([20, 20, 20, 20, null, 20, 20]);
    expect(joined(past, liveSeries([])).rates).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe("a window of time", () => {
  test("is a span, or lies between two times", () => {
    expect(windowOf({}, "5m")).toEqual({ kind: "span", span: "5m" });
    expect(windowOf({ since: "7d" }, "5m")).toEqual({ kind: "span", span: "7d" });
    expect(windowOf({ since: "soon" }, "1h")).toEqual({ kind: "span", span: "1h" });
    const window = windowOf({ since: at(0), until: at(10) }, "5m");
    expect(window.kind).toBe("between");
    expect(lengthOf(window)).toBe(10_000);
    expect(windowQuery(window)).toBe(`since=${at(0)}&until=${at(10)}`);
    expect(windowQuery({ kind: "span", span: "24h" })).toBe("since=24h");
  });

  test("is asked for again as often as it changes", () => {
    expect(refreshOf({ kind: "span", span: "5m" })).toBe(5_000);
    expect(refreshOf({ kind: "span", span: "1h" })).toBe(30_000);
    expect(refreshOf({ kind: "span", span: "90d" })).toBe(300_000);
    expect(refreshOf({ kind: "between", from: 0, to: 1 })).toBe(0);
  });
});
