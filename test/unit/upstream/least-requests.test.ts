import { describe, expect, test } from "bun:test";
import type { Backend } from "../../../src/upstream/backend.ts";
import { leastRequests } from "../../../src/upstream/balancers/least-requests.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { anExchange, letters, pool, tally } from "./pool.ts";
import { seeded } from "./seeded.ts";
import { traffic } from "./traffic.ts";

function world(...weights: number[]) {
  const clock = new FakeClock();
  const random = seeded(7);
  const backends = pool(...weights);
  const balancer = leastRequests.create(undefined, { clock, random });
  balancer.balance(backends);
  return { backends, balancer, clock, random };
}

const many = (count: number) => Array.from({ length: count }, () => 1);

/** As a request that is in flight from now on. */
function take(backend: Backend): Backend {
  backend.inFlight += 1;
  return backend;
}

describe("least requests", () => {
  test("goes to the backend with the fewest in flight", () => {
    const { backends, balancer } = world(1, 1, 1);
    for (const [index, backend] of backends.entries()) backend.inFlight = 3 - index;
    expect(letters(1, () => balancer.pick(anExchange))).toBe("c");
    backends[2]!.inFlight = 4;
    expect(letters(1, () => balancer.pick(anExchange))).toBe("b");
  });

  test("counts requests relative to the weight", () => {
    const { backends, balancer } = world(4, 1);
    backends[0]!.inFlight = 3;
    backends[1]!.inFlight = 1;
    expect(balancer.pick(anExchange)).toBe(backends[0]);
    backends[0]!.inFlight = 5;
    expect(balancer.pick(anExchange)).toBe(backends[1]);
  });

  test("idle backends take turns by their weights", () => {
    const equal = world(1, 1, 1);
    expect(letters(6, () => equal.balancer.pick(anExchange))).toBe("abcabc");
    const unequal = world(2, 1);
    expect(letters(6, () => unequal.balancer.pick(anExchange))).toBe("abaaba");
  });

  test("requests that none answers are spread by weight, to within one", () => {
    const { backends, balancer } = world(1, 2, 5);
    for (let request = 0; request < 80; request += 1) take(balancer.pick(anExchange)!);
    for (const backend of backends) {
      expect(Math.abs(backend.inFlight - 10 * backend.weight)).toBeLessThanOrEqual(1);
    }
  });

  test("of many backends the more loaded ones are avoided, and idle ones get their shares", () => {
    const { backends, balancer } = world(...many(1_000));
    for (const backend of backends.slice(0, 500)) backend.inFlight = 5;
    let loaded = 0;
    for (let request = 0; request < 10_000; request += 1) {
      if (balancer.pick(anExchange)!.inFlight > 0) loaded += 1;
    }
    // Two loaded ones are drawn for one request in four.
    expect(loaded).toBeGreaterThan(2_200);
    expect(loaded).toBeLessThan(2_800);

    const idle = world(...many(100), ...many(100).map(() => 3));
    const counts = tally(idle.balancer, 40_000);
    const light = idle.backends.slice(0, 100).reduce((sum, one) => sum + (counts.get(one) ?? 0), 0);
    expect(Math.abs(light - 10_000)).toBeLessThan(500);
  });

  test("with many requests that none answers, no backend has many more than another", () => {
    const { backends, balancer } = world(...many(500));
    for (let request = 0; request < 50_000; request += 1) take(balancer.pick(anExchange)!);
    const counts = backends.map(({ inFlight }) => inFlight);
    expect(Math.max(...counts) - 100).toBeLessThanOrEqual(5);
  });

  test("a slow backend has as many in flight as the others, and so gets fewer", () => {
    const { backends, balancer, clock, random } = world(1, 1, 1);
    const [slow] = backends;
    const run = traffic(balancer, {
      clock,
      random,
      serve: (backend) => ({ milliseconds: backend === slow ? 500 : 50 }),
    });
    const counts = run(20_000, 400);
    expect(counts.get(slow!)! / 20_000).toBeLessThan(0.1);
  });

  test("a further attempt goes to the least loaded of the others", () => {
    const { backends, balancer } = world(1, 1, 1);
    const [a, b, c] = backends;
    b!.inFlight = 2;
    expect(balancer.pick(anExchange, new Set([a!]))).toBe(c);
    expect(balancer.pick(anExchange, new Set([a!, c!]))).toBe(b);
    expect(balancer.pick(anExchange, new Set(backends))).toBeUndefined();
  });
});
