import type { LiveSecond, Overview } from "../data/types.ts";

/** What the charts show: one value for each time, in epoch milliseconds. */
export interface Series {
  readonly times: readonly number[];
  /** Requests per second. */
  readonly rates: readonly (number | null)[];
  readonly errorRates: readonly (number | null)[];
  /** Errors per second. */
  readonly errors: readonly (number | null)[];
  readonly p50: readonly (number | null)[];
  readonly p90: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

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

/** One after the other, as far as the first does not reach into the second. */
export function joined(one: Series, other: Series): Series {
  const [start = Infinity] = other.times;
  const end = one.times.findLastIndex((time) => time < start - 1000) + 1;
  const join = <Value>(a: readonly Value[], b: readonly Value[]) => [...a.slice(0, end), ...b];
  return {
    times: join(one.times, other.times),
    rates: join(one.rates, other.rates),
    errorRates: join(one.errorRates, other.errorRates),
    errors: join(one.errors, other.errors),
    p50: join(one.p50, other.p50),
    p90: join(one.p90, other.p90),
    p99: join(one.p99, other.p99),
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
    p50: points.map(({ point }) => point?.p50_ms ?? null),
    p90: points.map(({ point }) => point?.p90_ms ?? null),
    p99: points.map(({ point }) => point?.p99_ms ?? null),
  };
}

const EMPTY = seriesOf([]);
