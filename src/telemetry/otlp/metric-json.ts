import type { Exemplar } from "../metrics/exemplar.ts";
import type { Family, Sample } from "../metrics/family.ts";
import { Histogram } from "../metrics/histogram.ts";
import { type MetricRegistry, seriesOf } from "../metrics/registry.ts";
import { jsonText, nanoseconds, textAttribute } from "./values.ts";

/** Between when, in Unix epoch milliseconds, what is counted was counted. */
export interface MetricTimes {
  readonly start: number;
  readonly now: number;
}

/**
 * All metrics as OTLP's JSON, one after another: between two of them other work can be done. Names are
 * Prometheus', counters are cumulative. A step without text is a pause of a source that takes long.
 */
export function* metricsIn(registry: MetricRegistry, times: MetricTimes): Generator<string> {
  for (const source of registry.sources) {
    const series = yield* seriesOf(source);
    for (const [at, family] of source.families.entries()) {
      const points: string[] = [];
      for (const sample of series[at] ?? []) {
        const point = pointOf(family, sample, times);
        if (point !== "") points.push(point);
      }
      if (points.length > 0) yield metricOf(family, points);
    }
  }
}

/** Temporality of counts since the start. */
const CUMULATIVE = 2;

function metricOf({ name, kind, help }: Family, points: readonly string[]): string {
  const data = `"dataPoints":[${points.join(",")}]`;
  const shape = {
    counter: `"sum":{"aggregationTemporality":${CUMULATIVE},"isMonotonic":true,${data}}`,
    histogram: `"histogram":{"aggregationTemporality":${CUMULATIVE},${data}}`,
    gauge: `"gauge":{${data}}`,
    info: `"gauge":{${data}}`,
  }[kind];
  const unit = unitOf(name);
  return `{"name":"${name}","description":${jsonText(help)}${unit === "" ? "" : `,"unit":"${unit}"`},${shape}}`;
}

function unitOf(name: string): string {
  if (/_seconds(?:_total)?$/.test(name)) return "s";
  return /_bytes(?:_total)?$/.test(name) ? "By" : "";
}

/** Empty for a number that JSON does not have. */
function pointOf({ kind }: Family, sample: Sample, { start, now }: MetricTimes): string {
  const { labels, value, exemplar } = sample;
  const since =
    kind === "gauge" || kind === "info" ? "" : `"startTimeUnixNano":"${nanoseconds(start)}",`;
  const common = `"attributes":[${attributesOf(labels)}],${since}"timeUnixNano":"${nanoseconds(now)}"`;
  if (value instanceof Histogram) return histogramPoint(common, value);
  if (!Number.isFinite(value)) return "";
  return `{${common},"asDouble":${value}${exemplarsText([exemplar])}}`;
}

function histogramPoint(
  common: string,
  { bounds, counts, sum, exemplars = [] }: Histogram,
): string {
  const inBuckets = Array.from(counts, (count) => `"${count}"`).join(",");
  const count = counts.reduce((total, one) => total + one, 0);
  return `{${common},"count":"${count}","sum":${sum},"bucketCounts":[${inBuckets}],"explicitBounds":[${bounds.join(",")}]${exemplarsText(exemplars)}}`;
}

function exemplarsText(exemplars: readonly (Exemplar | undefined)[]): string {
  const texts = exemplars.flatMap((exemplar) =>
    exemplar === undefined
      ? []
      : [
          `{"timeUnixNano":"${nanoseconds(exemplar.at * 1_000)}","asDouble":${exemplar.value},"traceId":"${exemplar.traceId}"}`,
        ],
  );
  return texts.length === 0 ? "" : `,"exemplars":[${texts.join(",")}]`;
}

const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Labels as the text format has them, as attributes. */
function attributesOf(labels: string): string {
  return Array.from(labels.matchAll(LABEL), ([, name = "", value = ""]) =>
    textAttribute(
      name,
      value.replace(/\\(.)/g, (_all, escaped: string) => (escaped === "n" ? "\n" : escaped)),
    ),
  ).join(",");
}
