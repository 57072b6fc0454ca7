import { SECOND } from "../data/format.ts";
import type { LiveSecond, Overview } from "../data/types.ts";

/** What the charts show: one value for each time, in epoch milliseconds. */
export interface Series {
  readonly times: readonly number[];
  /** Requests per second. */
  readonly rates: readonly (number | null)[];
  readonly errorRates: readonly (number | null)[];
  /** Errors per second. */
  readonly errors: readonly (number | null)[];
  readonly p50: readonly Latency[];
  readonly p90: readonly Latency[];
  readonly p99: readonly Latency[];
}

/** In milliseconds; null in a gap, undefined at a time without requests, over which a line goes on. */
type Latency = number | null | undefined;

interface Point {
  readonly at: string;
  readonly requests: number;
  readonly errors: number;
  readonly p50_ms: number | null;
  readonly p90_ms: number | null;
  readonly p99_ms: number | null;
}

/** Of past times, by steps. Steps that are missing had no requests. */
export function pastSeries({ from, to, step_seconds: step, series }: Overview): Series {
  if (step <= 0) return EMPTY;
  const known = new Map(
    series.map((point) => [Math.round(Date.parse(point.at) / 1000 / step), point]),
  );
  const first = Math.ceil(Date.parse(from) / 1000 / step);
  const last = Math.floor(Date.parse(to) / 1000 / step);
  const points = Array.from(
    { length: Math.max(0, Math.min(last - first + 1, 2000)) },
    (_, index) => {
      const time = (first + index) * step * 1000;
      return { time, seconds: step, point: known.get(first + index) ?? NONE };
    },
  );
  return seriesOf(points);
}

/** Of the last seconds, with a gap where none were told of. */
export function liveSeries(seconds: readonly LiveSecond[]): Series {
  const points: TimedPoint[] = [];
  let before: number | undefined;
  for (const second of seconds) {
    const time = Date.parse(second.at);
    if (before !== undefined && time - before > GAP) {
      points.push({ time: before + 1000, seconds: 1, point: undefined });
    }
    points.push({ time, seconds: second.seconds, point: second });
    before = time;
  }
  return seriesOf(points);
}

/**
 * Past steps before the seconds that are known, as the steps they are: each is its average from beginning
 * to end. The step in which the seconds begin is left out: it has counted some of them.
 */
export function joined(past: Overview, now: Series): Series {
  const [start = Infinity] = now.times;
  const { step_seconds: step } = past;
  const steps = pastSeries(past);
  const count = steps.times.filter((time) => time + step * 1000 <= start).length;
  const join = <Value>(of: readonly Value[], gap: Value, seconds: readonly Value[]): Value[] => [
    ...of.slice(0, count).flatMap((value) => [value, value]),
    ...(count > 0 && seconds.length > 0 ? [gap] : []),
    ...seconds,
  ];
  const last = (steps.times[count - 1] ?? 0) + step * 1000;
  return {
    times: join(steps.times, last, now.times).map((time, index) =>
      index < count * 2 && index % 2 === 1 ? time + step * 1000 - SECOND : time,
    ),
    rates: join(steps.rates, null, now.rates),
    errorRates: join(steps.errorRates, null, now.errorRates),
    errors: join(steps.errors, null, now.errors),
    p50: join(steps.p50, null, now.p50),
    p90: join(steps.p90, null, now.p90),
    p99: join(steps.p99, null, now.p99),
  };
}

/** Milliseconds without a second, after which there is a gap. */
const GAP = 3000;

const NONE: Omit<Point, "at"> = {
  requests: 0,
  errors: 0,
  p50_ms: null,
  p90_ms: null,
  p99_ms: null,
};

interface TimedPoint {
  readonly time: number;
  /** How long it was. */
  readonly seconds: number;
  /** Undefined for a gap. */
  readonly point: Omit<Point, "at"> | undefined;
}

function seriesOf(points: readonly TimedPoint[]): Series {
  return {
    times: points.map(({ time }) => time),
    rates: points.map(({ point, seconds }) => (point ? point.requests / (seconds || 1) : null)),
    errorRates: points.map(({ point }) =>
      point ? (point.requests === 0 ? 0 : point.errors / point.requests) : null,
    ),
    errors: points.map(({ point, seconds }) => (point ? point.errors / (seconds || 1) : null)),
    p50: points.map(({ point }) => latencyOf(point, "p50_ms")),
    p90: points.map(({ point }) => latencyOf(point, "p90_ms")),
    p99: points.map(({ point }) => latencyOf(point, "p99_ms")),
  };
}

function latencyOf(
  point: TimedPoint["point"],
  percentile: "p50_ms" | "p90_ms" | "p99_ms",
): Latency {
  return point === undefined ? null : (point[percentile] ?? undefined);
}

const EMPTY = seriesOf([]);
