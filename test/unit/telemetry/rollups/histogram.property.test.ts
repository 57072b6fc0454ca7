import { expect, setDefaultTimeout, test } from "bun:test";
import { array, assert, double, property, uint8Array } from "fast-check";
import {
  BUCKETS,
  bucketOf,
  Histogram,
  RELATIVE_ERROR,
} from "../../../../src/telemetry/rollups/histogram.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Milliseconds from 1 µs to ten days, all magnitudes alike. */
const latency = double({ min: Math.log(0.001), max: Math.log(8.64e8), noNaN: true }).map((log) =>
  Math.exp(log),
);
const latencies = array(latency, { minLength: 1, maxLength: 200 });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(bucketOf(value));
  return histogram;
}

function decoded(bytes: Uint8Array): Histogram {
  const histogram = new Histogram();
  histogram.mergeEncoded(bytes);
  return histogram;
}

const encoded = (histogram: Histogram): number[] => [...histogram.encode()];

test("a percentile is within the stated error of the exact one", () => {
  assert(
    property(latencies, double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const rank = Math.max(1, Math.ceil(share * values.length));
      const exact = values.toSorted((one, other) => one - other)[rank - 1] ?? 0;
      const estimate = histogramOf(values).percentile(share) ?? 0;
      expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR * 1.000001);
    }),
  );
});

test("merged histograms are the histogram of all, in any order and grouping", () => {
  assert(
    property(latencies, latencies, latencies, (a, b, c) => {
      const all = encoded(histogramOf([...a, ...b, ...c]));
      const left = histogramOf(a);
      left.merge(histogramOf(b));
      left.merge(histogramOf(c));
      const right = histogramOf(c);
      right.merge(histogramOf(b));
      const outer = histogramOf(a);
      outer.merge(right);
      expect(encoded(left)).toEqual(all);
      expect(encoded(outer)).toEqual(all);
    }),
  );
});

test("an encoding holds everything, and merges like the histogram", () => {
  assert(
    property(latencies, latencies, (a, b) => {
      const one = histogramOf(a);
      const copy = decoded(Uint8Array.from(one.encode()));
      expect(copy.count).toBe(a.length);
      expect(encoded(copy)).toEqual(encoded(one));
      copy.mergeEncoded(Uint8Array.from(histogramOf(b).encode()));
      expect(encoded(copy)).toEqual(encoded(histogramOf([...a, ...b])));
    }),
  );
});

test("bytes that are no encoding are read to their end without harm", () => {
  assert(
    property(uint8Array({ maxLength: 60 }), (bytes) => {
      const histogram = decoded(bytes);
      expect(histogram.count).toBeGreaterThanOrEqual(0);
      histogram.percentile(0.5);
    }),
  );
});

test("counts beyond 32 bits are kept", () => {
  const histogram = new Histogram();
  histogram.add(300, 2 ** 40 + 1);
  histogram.add(BUCKETS - 1, 127);
  const copy = decoded(Uint8Array.from(histogram.encode()));
  expect(copy.count).toBe(2 ** 40 + 128);
});

test("latencies of nothing and of ages are in the first and the last bucket", () => {
  expect([-1, 0, Number.NaN, 0.0005, 0.001].map(bucketOf)).toEqual([0, 0, 0, 0, 0]);
  expect([1e12, Infinity].map(bucketOf)).toEqual([BUCKETS - 1, BUCKETS - 1]);
});

test("without latencies there is no percentile, and after clearing neither", () => {
  const histogram = histogramOf([1, 2, 3]);
  histogram.clear();
  expect(histogram.percentile(0.5)).toBeUndefined();
  expect(histogram.count).toBe(0);
  expect(encoded(histogram)).toEqual([]);
});

test("a histogram of one busy minute takes some 100 bytes", () => {
  const values = Array.from({ length: 6_000 }, (_, at) => 1 + (at % 600) / 10);
  expect(encoded(histogramOf(values)).length).toBeLessThan(250);
});
