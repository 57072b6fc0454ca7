import type { AttemptOutcome } from "../../pipeline/attempt-outcome.ts";
import { exchangeFamilies as families } from "./exchange-families.ts";
import type { ExchangeMetrics } from "./exchange-metrics.ts";
import { type Family, labelText, type Sample } from "./family.ts";
import type { MetricSource } from "./registry.ts";
import type { BackendSeries, LabelledCounter, RouteSeries } from "./route-series.ts";

/** What has been counted of exchanges. */
export function exchangeSource(metrics: () => ExchangeMetrics | undefined): MetricSource {
  const routes = () => metrics()?.routes() ?? [];
  function* perRoute(family: Family, value: (route: RouteSeries) => Sample["value"]) {
    for (const route of routes()) {
      yield { labels: labelText(family, [route.route]), value: value(route) };
    }
  }
  function* labelled(
    family: Family,
    counters: (route: RouteSeries) => ReadonlyMap<unknown, LabelledCounter>,
  ) {
    for (const route of routes()) {
      for (const { values, counter } of counters(route).values()) {
        const labels = labelText(family, [route.route, ...values]);
        yield { labels, value: counter.value, exemplar: counter.exemplar };
      }
    }
  }
  function* durations(family: Family) {
    for (const { route, backends } of routes()) {
      for (const { backend, duration } of backends.values()) {
        yield { labels: labelText(family, [route, backend]), value: duration };
      }
    }
  }
  function* attempts() {
    for (const { route, backends } of routes()) {
      for (const series of backends.values()) yield* outcomes(route, series);
    }
  }
  const series: Record<keyof typeof families, () => Iterable<Sample>> = {
    requests: () => labelled(families.requests, ({ requests }) => requests),
    duration: () => perRoute(families.duration, ({ duration }) => duration),
    firstByte: () => perRoute(families.firstByte, ({ firstByte }) => firstByte),
    bytesIn: () => perRoute(families.bytesIn, ({ bytesIn }) => bytesIn),
    bytesOut: () => perRoute(families.bytesOut, ({ bytesOut }) => bytesOut),
    errors: () => labelled(families.errors, ({ errors }) => errors),
    rejections: () => labelled(families.rejections, ({ rejections }) => rejections),
    attempts,
    attemptDuration: () => durations(families.attemptDuration),
    retries: () => perRoute(families.retries, ({ retries }) => retries),
    hedges: () => perRoute(families.hedges, ({ hedges }) => hedges),
    cache: () => labelled(families.cache, ({ cache }) => cache),
    overflows: () => overflows(metrics()),
  };
  return {
    families: Object.values(families),
    collect: () => Object.values(series).map((samples) => samples()),
  };
}

const OUTCOMES = [
  "answered",
  "connect",
  "reset",
  "timeout",
  "outrun",
  "cancelled",
] as const satisfies AttemptOutcome[];

/** Only outcomes that there have been; but 2xx and 5xx always, so that rates of them begin at 0. */
function* outcomes(route: string, { backend, outcomes: counts, classes }: BackendSeries) {
  for (const outcome of OUTCOMES) {
    if (outcome === "answered") {
      for (const [digit, value] of classes.entries()) {
        if (value > 0 || digit === 2 || digit === 5) {
          yield attemptSample([route, backend, outcome, `${digit}xx`], value);
        }
      }
      continue;
    }
    // An attempt that had not ended when its exchange did went with it.
    const value = counts[outcome] + (outcome === "cancelled" ? counts[""] : 0);
    if (value > 0) yield attemptSample([route, backend, outcome, ""], value);
  }
}

function attemptSample(values: readonly string[], value: number): Sample {
  return { labels: labelText(families.attempts, values), value };
}

function* overflows(metrics: ExchangeMetrics | undefined): Generator<Sample> {
  if (metrics === undefined) return;
  for (const { metric, overflowed } of Object.values(metrics.limits)) {
    yield { labels: labelText(families.overflows, [metric]), value: overflowed };
  }
}
