import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BucketSize, TokenBucket } from "../../../../src/policies/limits/token-bucket.ts";

const bucket = (rate: number, burst: number) => new TokenBucket(new BucketSize(rate, burst));

const remaining = ({ size, level }: TokenBucket) => size.tokensIn(level);

/** How many of `count` single tokens are there at a time. */
function takeMany(from: TokenBucket, now: number, count: number): number {
  return Array.from({ length: count }, () => from.take(now)).filter(Boolean).length;
}

describe("a token bucket", () => {
  test("begins full and admits its burst at once, then nothing", () => {
    const tokens = bucket(10, 3);
    expect(takeMany(tokens, 5000, 10)).toBe(3);
    expect(remaining(tokens)).toBe(0);
  });

  test("gains a token when 1/rate has passed, and not a microsecond before", () => {
    const tokens = bucket(10, 1);
    tokens.take(0);
    expect(tokens.take(99.999)).toBe(false);
    expect(tokens.take(100)).toBe(true);
  });

  test("holds no more than its burst however long it is left alone", () => {
    const tokens = bucket(10, 3);
    tokens.take(0, 3);
    expect(takeMany(tokens, 1e9, 10)).toBe(3);
  });

  test("takes several tokens or none, and none at any time", () => {
    const tokens = bucket(10, 3);
    expect(tokens.take(0, 4)).toBe(false);
    expect(tokens.take(0, 2)).toBe(true);
    expect(tokens.take(0, 2)).toBe(false);
    expect(tokens.take(0, 1)).toBe(true);
    expect(tokens.take(0, 0)).toBe(true);
  });

  test("keeps its tokens when the clock jumps back, and fills on from there", () => {
    const tokens = bucket(10, 3);
    expect(takeMany(tokens, 100, 1)).toBe(1);
    expect(takeMany(tokens, 0, 3)).toBe(2);
    expect(takeMany(tokens, 100, 2)).toBe(1);
  });

  test.each([
    [3, 3],
    [7, 7],
    [100 / 60, 100],
    [1000 / 3600, 1000],
    [1 / 86_400, 5],
  ])("at %d tokens a second is full again, to the token, when it ought to be", (rate, burst) => {
    const tokens = bucket(rate, burst);
    const fillTime = (burst / rate) * 1000;
    for (let round = 0; round < 20; round += 1) {
      expect(tokens.take(round * fillTime, burst)).toBe(true);
      expect(tokens.take((round + 1) * fillTime - 0.01, burst)).toBe(false);
    }
  });

  test("loses nothing of a slow rate to frequent asking", () => {
    const tokens = bucket(1 / 60, 1);
    tokens.take(0);
    let admittedAt = 0;
    for (let now = 0; admittedAt === 0 && now < 120_000; now += 0.5) {
      if (tokens.take(now)) admittedAt = now;
    }
    expect(admittedAt).toBe(60_000);
  });

  test("says how many microseconds are left until so many tokens are there", () => {
    const slow = bucket(0.4, 2);
    slow.take(0, 2);
    expect(slow.size.microsecondsUntil(1, slow.level)).toBe(2_500_000);
    slow.take(2000);
    expect(slow.size.microsecondsUntil(1, slow.level)).toBe(500_000);
    expect(slow.size.microsecondsUntil(0, slow.level)).toBe(0);
  });

  test("may owe tokens, and then gains nothing before it has paid", () => {
    const tokens = bucket(10, 3);
    tokens.fill(0);
    tokens.remove(5);
    expect(remaining(tokens)).toBe(0);
    expect(tokens.take(299)).toBe(false);
    expect(tokens.take(300)).toBe(true);
    expect(takeMany(tokens, 60_000, 10)).toBe(3);
  });

  test("given back a token, has it again, but never more than its burst", () => {
    const tokens = bucket(1, 2);
    tokens.take(0, 2);
    tokens.giveBack(1);
    expect(remaining(tokens)).toBe(1);
    tokens.giveBack(1);
    tokens.giveBack(1);
    expect(remaining(tokens)).toBe(2);
  });
});

// Rates as written: thousandths per second, minute, hour or day.
const writtenRate = fc.record({
  thousandths: fc.integer({ min: 1, max: 5_000_000 }),
  seconds: fc.constantFrom(1, 60, 3_600, 86_400),
});
const arrivals = fc.array(
  fc.record({
    microseconds: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 1_000 }),
      fc.integer({ min: 0, max: 5_000_000 }),
      fc.integer({ min: 0, max: 1e12 }),
    ),
    count: fc.integer({ min: 0, max: 4 }),
  }),
  { maxLength: 200 },
);

describe("a token bucket under any sequence of arrivals", () => {
  test("admits exactly what a bucket reckoned in whole numbers admits", () => {
    fc.assert(
      fc.property(
        writtenRate,
        fc.integer({ min: 1, max: 50 }),
        arrivals,
        ({ thousandths, seconds }, burst, steps) => {
          const tokens = bucket(thousandths / 1000 / seconds, burst);
          const partsPerToken = BigInt(seconds) * 1_000_000_000n;
          const capacity = BigInt(burst) * partsPerToken;
          let level = capacity;
          let now = 0;
          for (const { microseconds, count } of steps) {
            now += microseconds;
            level += BigInt(microseconds) * BigInt(thousandths);
            if (level > capacity) level = capacity;
            const cost = BigInt(count) * partsPerToken;
            const admitted = cost <= level;
            if (admitted) level -= cost;
            expect(tokens.take(now / 1000, count)).toBe(admitted);
            expect(remaining(tokens)).toBe(Number(level / partsPerToken));
          }
        },
      ),
    );
  });

  test("admits in no span of time more than its burst and what the rate brings", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 20_000 }),
        arrivals,
        (rate, burst, steps) => {
          const tokens = bucket(rate, burst);
          const admitted: { at: number; total: number }[] = [];
          let now = 0;
          let total = 0;
          for (const { microseconds, count } of steps) {
            now += microseconds;
            const before = total;
            if (tokens.take(now / 1000, count)) total += count;
            admitted.push({ at: now, total: before });
            for (const { at, total: earlier } of admitted) {
              // A rate that no fraction meets is held to within a rounding of itself.
              const most = burst + ((rate * (now - at)) / 1e6) * (1 + 2 ** -50);
              expect(total - earlier).toBeLessThanOrEqual(most);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("admits all of a stream that is a microsecond per request slower than its rate", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e5, noNaN: true }),
        fc.constantFrom(1, 2, 1000, 100_000),
        (rate, burst) => {
          const tokens = bucket(rate, burst);
          tokens.take(0, burst);
          const step = Math.ceil(1e6 / rate) + 1;
          for (let index = 1; index <= 1000; index += 1) {
            expect(tokens.take((index * step) / 1000)).toBe(true);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
