import { describe, expect, test } from "bun:test";
import { counter, gauge, histogram, labelText } from "../../../../src/telemetry/metrics/family.ts";
import { Histogram } from "../../../../src/telemetry/metrics/histogram.ts";
import { MetricRegistry, sourceOf } from "../../../../src/telemetry/metrics/registry.ts";
import {
  type MetricExport,
  MetricExporter,
} from "../../../../src/telemetry/otlp/metric-exporter.ts";
import { metricsIn } from "../../../../src/telemetry/otlp/metric-json.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { type Act, receiver, refusesConnections, accepts, SETTINGS } from "./receiver.ts";

const REQUESTS = counter("gateway_requests_total", "Requests.", "route");
const EXEMPLAR = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", value: 0.2, at: 2 };

function registry(): MetricRegistry {
  const durations = new Histogram([0.1, 1]);
  durations.exemplify(durations.observe(0.2), EXEMPLAR);
  durations.observe(3);
  return new MetricRegistry([
    sourceOf(REQUESTS, () => [{ labels: labelText(REQUESTS, ['/a"\\\n']), value: 7 }]),
    sourceOf(gauge("gateway_size_bytes", "Bytes."), () => [
      { labels: "", value: 1.5 },
      { labels: "", value: Number.NaN },
    ]),
    sourceOf(histogram("gateway_duration_seconds", "Time."), () => [
      { labels: "", value: durations },
    ]),
    sourceOf(gauge("gateway_nothing", "Nothing."), () => []),
  ]);
}

test("metrics become OTLP's sums, gauges and histograms", () => {
  const texts = [...metricsIn(registry(), { start: 1_000, now: 2_000 })];
  const times = { startTimeUnixNano: "1000000000", timeUnixNano: "2000000000" };
  expect(JSON.parse(`[${texts.join(",")}]`)).toEqual([
    {
      name: "gateway_requests_total",
      description: "Requests.",
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          {
            attributes: [{ key: "route", value: { stringValue: '/a"\\\n' } }],
            ...times,
            asDouble: 7,
          },
        ],
      },
    },
    {
      name: "gateway_size_bytes",
      description: "Bytes.",
      unit: "By",
      gauge: { dataPoints: [{ attributes: [], timeUnixNano: "2000000000", asDouble: 1.5 }] },
    },
    {
      name: "gateway_duration_seconds",
      description: "Time.",
      unit: "s",
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            attributes: [],
            ...times,
            count: "2",
            sum: 3.2,
            bucketCounts: ["0", "1", "1"],
            explicitBounds: [0.1, 1],
            exemplars: [{ timeUnixNano: "2000000000", asDouble: 0.2, traceId: EXEMPLAR.traceId }],
          },
        ],
      },
    },
  ]);
});

function exporting(...acts: readonly Act[]) {
  const clock = new FakeClock();
  const { requests, fetch } = receiver(...acts);
  const reports: string[] = [];
  const settings: MetricExport = { ...SETTINGS, interval: 60_000 };
  let isOn = true;
  const exporter = new MetricExporter(() => (isOn ? registry() : undefined), {
    clock,
    random: () => 0.5,
    fetch,
    report: (level, message) => reports.push(`${level}: ${message}`),
    version: "1.2.3",
    instance: "1",
  });
  exporter.change(settings);
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await Bun.sleep(1);
  };
  const turnOff = () => {
    isOn = false;
  };
  return { clock, requests, reports, exporter, pass, turnOff };
}

describe("an exporter of metrics", () => {
  test("sends all of them once in each interval", async () => {
    const { requests, pass, reports } = exporting();
    await pass(59_999);
    expect(requests.length).toBe(0);
    await pass(1);
    await pass(60_000);
    expect(requests.map(({ url }) => url)).toEqual(
      Array(2).fill("http://otlp.test:4318/v1/metrics"),
    );
    expect(requests[0]?.content).toStartWith('{"resourceMetrics":[{"resource":{');
    expect(reports).toEqual([]);
  });

  test("reports once that they are not accepted, and goes on", async () => {
    const { requests, pass, reports } = exporting(refusesConnections, refusesConnections, accepts);
    await pass(60_000);
    await pass(60_000);
    await pass(60_000);
    expect(requests.length).toBe(3);
    expect(reports).toEqual([
      "warn: metrics cannot be sent to http://otlp.test:4318/v1/metrics: it refuses connections",
      "info: metrics are accepted again by http://otlp.test:4318/v1/metrics",
    ]);
  });

  test("sends them once more at a stop, and nothing after that", async () => {
    const { requests, pass, exporter, clock } = exporting();
    await exporter.close(5_000);
    expect(requests.length).toBe(1);
    expect(clock.pending).toBe(0);
    await pass(120_000);
    expect(requests.length).toBe(1);
  });

  test("sends nothing while metrics or the export are turned off", async () => {
    const { requests, pass, exporter, turnOff } = exporting();
    turnOff();
    await pass(60_000);
    exporter.change(undefined);
    await pass(120_000);
    await exporter.close(5_000);
    expect(requests.length).toBe(0);
  });
});
