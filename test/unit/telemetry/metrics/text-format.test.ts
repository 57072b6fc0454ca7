import { describe, expect, test } from "bun:test";
import {
  counter,
  gauge,
  histogram,
  info,
  labelText,
} from "../../../../src/telemetry/metrics/family.ts";
import { Histogram } from "../../../../src/telemetry/metrics/histogram.ts";
import { MetricRegistry, single, sourceOf } from "../../../../src/telemetry/metrics/registry.ts";
import { type MetricFormat, render } from "../../../../src/telemetry/metrics/text-format.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

function shown(registry: MetricRegistry, format: MetricFormat): string {
  return [...render(registry, format)].join("");
}

const requests = counter("gateway_requests_total", "Requests.", "route");
const seconds = histogram("gateway_duration_seconds", "Time.", "route");
const build = info("gateway_build_info", "The version.", "version");

function everything(): MetricRegistry {
  const durations = new Histogram([0.5, 1]);
  durations.observe(0.5);
  durations.exemplify(durations.observe(0.7), { traceId: TRACE, value: 0.7, at: 1_700_000_000.5 });
  durations.observe(3);
  const exemplar = { traceId: TRACE, value: 1, at: 1_700_000_000 };
  return new MetricRegistry([
    sourceOf(requests, () => [{ labels: labelText(requests, ["/a"]), value: 3, exemplar }]),
    single(gauge("gateway_size_bytes", "Size, with a \\ and a\nsecond line."), () => 1.5),
    sourceOf(seconds, () => [{ labels: labelText(seconds, ["/a"]), value: durations }]),
    sourceOf(build, () => [{ labels: labelText(build, ["1.2.3"]), value: 1 }]),
    sourceOf(gauge("gateway_nothing", "Nothing to show."), () => []),
  ]);
}

test("Prometheus' text format", () => {
  expect(shown(everything(), "text")).toBe(`\
# HELP gateway_requests_total Requests.
# TYPE gateway_requests_total counter
gateway_requests_total{route="/a"} 3
# HELP gateway_size_bytes Size, with a \\\\ and a\\nsecond line.
# TYPE gateway_size_bytes gauge
gateway_size_bytes 1.5
# HELP gateway_duration_seconds Time.
# TYPE gateway_duration_seconds histogram
gateway_duration_seconds_bucket{route="/a",le="0.5"} 1
gateway_duration_seconds_bucket{route="/a",le="1"} 2
gateway_duration_seconds_bucket{route="/a",le="+Inf"} 3
gateway_duration_seconds_sum{route="/a"} 4.2
gateway_duration_seconds_count{route="/a"} 3
# HELP gateway_build_info The version.
# TYPE gateway_build_info gauge
gateway_build_info{version="1.2.3"} 1
`);
});

test("OpenMetrics, with exemplars and an end", () => {
  expect(shown(everything(), "openmetrics")).toBe(`\
# HELP gateway_requests Requests.
# TYPE gateway_requests counter
gateway_requests_total{route="/a"} 3 # {trace_id="${TRACE}"} 1 1700000000.000
# HELP gateway_size_bytes Size, with a \\\\ and a\\nsecond line.
# TYPE gateway_size_bytes gauge
# UNIT gateway_size_bytes bytes
gateway_size_bytes 1.5
# HELP gateway_duration_seconds Time.
# TYPE gateway_duration_seconds histogram
# UNIT gateway_duration_seconds seconds
gateway_duration_seconds_bucket{route="/a",le="0.5"} 1
gateway_duration_seconds_bucket{route="/a",le="1.0"} 2 # {trace_id="${TRACE}"} 0.7 1700000000.500
gateway_duration_seconds_bucket{route="/a",le="+Inf"} 3
gateway_duration_seconds_sum{route="/a"} 4.2
gateway_duration_seconds_count{route="/a"} 3
# HELP gateway_build The version.
# TYPE gateway_build info
gateway_build_info{version="1.2.3"} 1
# EOF
`);
});

test("a registry without series is only an end", () => {
  expect(shown(new MetricRegistry([]), "text")).toBe("");
  expect(shown(new MetricRegistry([]), "openmetrics")).toBe("# EOF\n");
});

test.each([
  ['a "quoted" \\ \n line', 'route="a \\"quoted\\" \\\\ \\n line"'],
  ["/äöü/日本", 'route="/äöü/日本"'],
  ["\ud800", 'route="\ufffd"'],
  ["", 'route=""'],
])("a label's value is escaped: %j", (value, text) => {
  expect(labelText(requests, [value])).toBe(text);
});

test.each([
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [Number.NaN, "NaN"],
  [1e21, "1e+21"],
  [0.000_001, "0.000001"],
])("a number as both formats write it: %p", (value, text) => {
  const registry = new MetricRegistry([single(gauge("gateway_a", "A."), () => value)]);
  expect(shown(registry, "text")).toEndWith(`\ngateway_a ${text}\n`);
});

describe("text in pieces", () => {
  test("pauses where a source does, and before it is long", () => {
    const many = gauge("gateway_many", "Many.", "number");
    const registry = new MetricRegistry([
      {
        families: [many],
        *collect() {
          yield undefined;
          const series = Array.from({ length: 2_000 }, (_, at) => ({
            labels: labelText(many, [at]),
            value: at,
          }));
          return [series];
        },
      },
    ]);
    const pieces = [...render(registry, "text")];
    expect(pieces[0]).toBe("");
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(17_000);
    expect(pieces.join("").split("\n")).toHaveLength(2_003);
  });
});

test("two metrics cannot have one name", () => {
  const source = single(gauge("gateway_a", "A."), () => 1);
  expect(() => new MetricRegistry([source, source])).toThrow("two metrics with the name gateway_a");
});
