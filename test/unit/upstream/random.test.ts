import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { random } from "../../../src/upstream/balancers/random.ts";
import { WeightedDraw } from "../../../src/upstream/balancers/weighted-draw.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { anExchange, pool, tally } from "./pool.ts";
import { seeded } from "./seeded.ts";

function balancerOf(...weights: number[]) {
  const backends = pool(...weights);
  const balancer = random.create(undefined, { clock: new FakeClock(), random: seeded(3) });
  balancer.balance(backends);
  return { backends, balancer };
}

/** The standard deviation of how often something of a probability happens. */
const deviation = (count: number, chance: number) => Math.sqrt(count * chance * (1 - chance));

describe("the random balancer", () => {
  test.each([[1, 1, 1], [1, 2, 7], [1_000, 1], Array.from({ length: 100 }, () => 3)])(
    "gives each backend its weight's share, to within four standard deviations",
    (...weights) => {
      const { backends, balancer } = balancerOf(...weights);
      const counts = tally(balancer, 50_000);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (const backend of backends) {
        const chance = backend.weight / sum;
        const off = Math.abs((counts.get(backend) ?? 0) - 50_000 * chance);
        expect(off).toBeLessThan(4 * deviation(50_000, chance));
      }
    },
  );

  test("further attempts go to the others by their weights", () => {
    const { backends, balancer } = balancerOf(5, 1, 3);
    const except = new Set([backends[0]!]);
    let third = 0;
    for (let pick = 0; pick < 10_000; pick += 1) {
      if (balancer.pick(anExchange, except) === backends[2]) third += 1;
    }
    expect(Math.abs(third - 7_500)).toBeLessThan(4 * deviation(10_000, 0.75));
  });
});

describe("a weighted draw", () => {
  test("gives each index exactly its weight's part of the random numbers", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, (weights) => {
        const steps = 20_000;
        let step = 0;
        const draw = new WeightedDraw(Float64Array.from(weights), () => (step + 0.5) / steps);
        const counts = weights.map(() => 0);
        for (; step < steps; step += 1) counts[draw.draw()]! += 1;
        const sum = weights.reduce((total, weight) => total + weight, 0);
        for (const [index, weight] of weights.entries()) {
          // Each of the columns rounds at its two ends.
          const off = Math.abs(counts[index]! - (steps * weight) / sum);
          expect(off).toBeLessThanOrEqual(2 * weights.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("draws another index, however small the others' weights are", () => {
    const draw = new WeightedDraw(Float64Array.of(1e6, 1, 1), seeded(5));
    const counts = [0, 0, 0];
    for (let count = 0; count < 3_000; count += 1) counts[draw.drawOther(0)]! += 1;
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(1_300);
    expect(counts[2]).toBeGreaterThan(1_300);
    expect(new WeightedDraw(Float64Array.of(9, 1), seeded(5)).drawOther(1)).toBe(0);
  });
});
