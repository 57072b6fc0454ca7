import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { anExchange, letters, pool } from "./pool.ts";

function roundRobin(...weights: number[]) {
  const backends = pool(...weights);
  const balancer = new RoundRobin();
  balancer.balance(backends);
  return { backends, balancer };
}

function picks(count: number, ...weights: number[]): string {
  const { balancer } = roundRobin(...weights);
  return letters(count, () => balancer.pick(anExchange));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("weighted round robin", () => {
  test("backends of equal weight take turns in the order of the configuration", () => {
    expect(picks(8, 1, 1, 1)).toBe("abcabcab");
    expect(picks(8, 7, 7, 7)).toBe("abcabcab");
  });

  test("of three requests a backend of weight 2 gets the first and the third", () => {
    expect(picks(6, 2, 1)).toBe("abaaba");
    expect(picks(6, 1, 2)).toBe("babbab");
  });

  test("a heavy backend gets its requests among the others', not in a burst", () => {
    expect(picks(14, 5, 1, 1)).toBe("aabaacaaabaaca");
    expect(picks(12, 3, 2, 1)).toBe("abacbaabacba");
  });

  test("a backend alone gets every request", () => {
    expect(picks(4, 3)).toBe("aaaa");
  });

  test("without backends there is nothing to pick", () => {
    expect(picks(2)).toBe("--");
    expect(new RoundRobin().pick(anExchange)).toBeUndefined();
  });

  test("at every moment each backend has had its due share to within less than one pick", () => {
    const weights = fc.oneof(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 12 }),
      fc.array(fc.constantFrom(1, 2, 100, 999, 1_000), { minLength: 2, maxLength: 5 }),
    );
    fc.assert(
      fc.property(weights, (weights) => {
        const { backends, balancer } = roundRobin(...weights);
        const cycle = sum(weights);
        const bound = 1 - 1 / (2 * weights.length - 2);
        const counts = weights.map(() => 0);
        for (let picked = 1; picked <= 2 * cycle; picked += 1) {
          counts[backends.indexOf(balancer.pick(anExchange)!)]! += 1;
          for (const [index, weight] of weights.entries()) {
            const due = (picked * weight) / cycle;
            if (Math.abs(counts[index]! - due) > bound + 1e-9) return false;
          }
        }
        return true;
      }),
      { numRuns: 60 },
    );
  });

  test("any full cycle gives each healthy backend exactly its weight, however health flips", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
    const flips = fc.array(
      fc.record({ healthy: fc.infiniteStream(fc.boolean()), before: fc.nat({ max: 50 }) }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(weights, flips, (weights, flips) => {
        const backends = pool(...weights);
        const balancer = new RoundRobin();
        for (const { healthy, before } of flips) {
          const left = backends.filter(() => healthy.next().value);
          balancer.balance(left);
          for (let pick = 0; pick < before; pick += 1) balancer.pick(anExchange);
          const counts = new Map(left.map((backend) => [backend, 0]));
          const cycle = sum(left.map(({ weight }) => weight));
          for (let pick = 0; pick < cycle; pick += 1) {
            const picked = balancer.pick(anExchange)!;
            counts.set(picked, counts.get(picked)! + 1);
          }
          expect([...counts.values()]).toEqual(left.map(({ weight }) => weight));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a thousand backends of all weights each get their share", () => {
    const weights = Array.from({ length: 1_000 }, (_, index) => 1 + (index % 10));
    const { backends, balancer } = roundRobin(...weights);
    const counts = new Map(backends.map((backend) => [backend, 0]));
    for (let pick = 0; pick < sum(weights); pick += 1) {
      const picked = balancer.pick(anExchange)!;
      counts.set(picked, counts.get(picked)! + 1);
    }
    expect([...counts.values()]).toEqual(weights);
  });

  test("a backend that flaps before every request does not send them all to the first", () => {
    for (const weights of [
      [1, 1, 1],
      [3, 1, 1],
      [1_000, 500, 1],
    ]) {
      const { backends, balancer } = roundRobin(...weights);
      const [a, b] = backends;
      const counts = new Map(backends.map((backend) => [backend, 0]));
      for (let request = 0; request < 2_000; request += 1) {
        balancer.balance(request % 2 === 0 ? backends.slice(0, 2) : backends);
        const picked = balancer.pick(anExchange)!;
        counts.set(picked, counts.get(picked)! + 1);
      }
      const fair = a!.weight / b!.weight;
      const ratio = counts.get(a!)! / counts.get(b!)!;
      expect(ratio).toBeGreaterThan(fair * 0.9);
      expect(ratio).toBeLessThan(fair * 1.1);
    }
  });
});

describe("a pick for a further attempt", () => {
  test("is none of those that are excluded", () => {
    const { backends, balancer } = roundRobin(5, 1, 1);
    const [a, b, c] = backends;
    expect(balancer.pick(anExchange, new Set([a!, b!]))).toBe(c);
    expect(balancer.pick(anExchange, new Set([b!, c!]))).toBe(a);
    expect(balancer.pick(anExchange, new Set(backends))).toBeUndefined();
  });

  test("spreads over the others by their weights, smoothly", () => {
    const { backends, balancer } = roundRobin(9, 2, 1);
    const excluded = new Set([backends[0]!]);
    expect(letters(6, () => balancer.pick(anExchange, excluded))).toBe("bcbbcb");
  });

  test("leaves the turns of first attempts as they were", () => {
    const { backends, balancer } = roundRobin(1, 1, 1);
    const failing = new Set([backends[0]!]);
    const first = letters(6, () => {
      balancer.pick(anExchange, failing);
      return balancer.pick(anExchange);
    });
    expect(first).toBe("abcabc");
  });
});
