import { describe, expect, test } from "bun:test";
import { SplitWeights } from "../../../../src/proxy/split/weights.ts";

const canary = () =>
  new SplitWeights([
    { upstream: "new", weight: 5 },
    { upstream: "old", weight: 95 },
  ]);

describe("the weights of a split", () => {
  test("give each choice its part of the numbers from 0 to 1", () => {
    const weights = canary();
    expect([0, 0.049, 0.051, 0.999].map((random) => weights.choose(random))).toEqual([0, 0, 1, 1]);
  });

  test("leave out a choice of weight 0", () => {
    const weights = new SplitWeights([
      { upstream: "new", weight: 0 },
      { upstream: "old", weight: 3 },
    ]);
    expect([0, 0.5, 0.999].map((random) => weights.choose(random))).toEqual([1, 1, 1]);
  });

  test("may be changed, all of them or some", () => {
    const weights = canary();
    expect(weights.change({ new: 95 })).toBeUndefined();
    expect(weights.choose(0.49)).toBe(0);
    expect(weights.choose(0.51)).toBe(1);
    expect(weights.shares[0]).toMatchObject({ weight: 95, configured: 5 });
  });

  test("stay as they are for names that only look like properties", () => {
    const weights = new SplitWeights([
      { upstream: "toString", weight: 1 },
      { upstream: "constructor", weight: 2 },
    ]);
    weights.change({ toString: 3 });
    expect(weights.shares.map(({ weight }) => weight)).toEqual([3, 2]);
  });

  test.each([
    [{ other: 1 }, "other is not an upstream of this split, which has new, old"],
    [{ new: 0, old: 0 }, "at least one weight must be above 0"],
  ])("stay as they are after %p", (change, problem) => {
    const weights = canary();
    expect(weights.change(change)).toBe(problem);
    expect(weights.shares.map(({ weight }) => weight)).toEqual([5, 95]);
  });
});
