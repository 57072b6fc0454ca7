import { describe, expect, test } from "bun:test";
import { RetryBudget } from "../../../src/upstream/retry-budget.ts";

/** How many of many retries are allowed at once. */
function allowed(budget: RetryBudget, now: number, share = 0.2): number {
  let count = 0;
  while (count < 10_000 && budget.take(share, now)) count += 1;
  return count;
}

describe("the budget of retries", () => {
  test("has three for each second of a quiet upstream", () => {
    expect(allowed(new RetryBudget(), 0)).toBe(30);
  });

  test("is a share of the requests of the last ten seconds", () => {
    const budget = new RetryBudget();
    for (let request = 0; request < 1_000; request += 1) budget.began(request * 5);
    expect(allowed(budget, 5_000)).toBe(200);
    expect(allowed(budget, 5_000)).toBe(0);
    // Other routes of the upstream may have another share.
    expect(budget.take(0.5, 5_000)).toBe(true);
  });

  test("comes back when what was taken has left the window, and shrinks with the traffic", () => {
    const budget = new RetryBudget();
    for (let request = 0; request < 1_000; request += 1) budget.began(500);
    expect(allowed(budget, 3_000)).toBe(200);
    expect(allowed(budget, 9_999)).toBe(0);
    // The requests are gone, the retries are not yet.
    expect(allowed(budget, 10_500)).toBe(0);
    expect(allowed(budget, 13_000)).toBe(30);
    expect(allowed(budget, 1_000_000)).toBe(30);
  });

  test("keeps to its share over any ten seconds of steady traffic", () => {
    const budget = new RetryBudget();
    const taken: number[] = [];
    for (let now = 0; now < 60_000; now += 2) {
      budget.began(now);
      if (budget.take(0.2, now)) taken.push(now);
    }
    for (let end = 20_000; end < 60_000; end += 500) {
      const count = taken.filter((at) => at > end - 10_000 && at <= end).length;
      expect(count).toBeLessThanOrEqual(1_000 * 1.1);
      expect(count).toBeGreaterThanOrEqual(1_000 * 0.8);
    }
  });
});
