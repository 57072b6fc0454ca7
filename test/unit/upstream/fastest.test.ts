import { describe, expect, test } from "bun:test";
import type { Backend } from "../../../src/upstream/backend.ts";
import { fastest } from "../../../src/upstream/balancers/fastest.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { anExchange, pool, tally } from "./pool.ts";
import { seeded } from "./seeded.ts";
import { type Service, traffic } from "./traffic.ts";

/** Backends whose answers take so many milliseconds, half or one and a half times as long at random. */
function world(
  milliseconds: readonly number[],
  { seed = 1, weights = milliseconds.map(() => 1) } = {},
) {
  const clock = new FakeClock();
  const random = seeded(seed);
  const backends = pool(...weights);
  const balancer = fastest.create(undefined, { clock, random });
  balancer.balance(backends);
  const times = new Map(backends.map((backend, index) => [backend, milliseconds[index] ?? 1]));
  const serve = (backend: Backend): Service => ({
    milliseconds: (times.get(backend) ?? 1) * (0.5 + random()),
  });
  const services = { clock, random, serve };
  return { clock, backends, balancer, times, services, run: traffic(balancer, services) };
}

const share = (counts: Map<Backend, number>, backend: Backend | undefined) =>
  (counts.get(backend!) ?? 0) / [...counts.values()].reduce((sum, count) => sum + count, 0);

describe("fastest", () => {
  test.each([2, 3, 5, 20, 100])(
    "of %i backends one that is ten times slower gets less than a fifth of its share",
    (count) => {
      for (const seed of [1, 2, 3]) {
        const { backends, run } = world([200, ...Array(count - 1).fill(20)], { seed });
        run(500, 50 * count);
        const slow = share(run(10_000, 50 * count), backends[0]);
        expect(slow).toBeLessThan(1 / count / 5);
      }
    },
  );

  test("a slow backend is asked again, and gets its share within a minute of being fast again", () => {
    const { backends, run, times } = world([20, 20, 2_000]);
    run(3_000, 100);
    times.set(backends[2]!, 20);
    run(6_000, 100);
    const fair = share(run(10_000, 100), backends[2]);
    expect(fair).toBeGreaterThan(0.75 / 3);
    expect(fair).toBeLessThan(1.25 / 3);
  });

  test("equal backends get equal shares, to within a tenth, heavier ones more", () => {
    const equal = world([20, 20, 20, 20]);
    const counts = equal.run(20_000, 400);
    for (const backend of equal.backends) {
      expect(Math.abs(share(counts, backend) - 1 / 4)).toBeLessThan(1 / 40);
    }
    const unequal = world([20, 20], { weights: [3, 1] });
    const busy = share(unequal.run(20_000, 2_000), unequal.backends[0]);
    expect(busy).toBeGreaterThan(0.7);
    expect(busy).toBeLessThan(0.85);
  });

  test("a backend that becomes slow loses its requests with the first slow answer", () => {
    const { clock, backends, balancer } = world([20, 20]);
    const [a, b] = backends;
    for (const backend of backends) balancer.answered?.(backend, 20, false);
    clock.advance(1);
    balancer.answered?.(a!, 500, false);
    for (let pick = 0; pick < 20; pick += 1) expect(balancer.pick(anExchange)).toBe(b);
  });

  test("a new backend is tried at once, and with one request until that is answered", () => {
    const { backends, balancer, clock } = world([20, 20, 20]);
    const [a, b, c] = backends;
    balancer.balance([a!, b!]);
    for (const backend of [a!, b!]) balancer.answered?.(backend, 20, false);
    balancer.balance(backends);
    expect(tally(balancer, 100).get(c!)).toBe(1);
    clock.advance(20);
    balancer.answered?.(c!, 10, false);
    expect(share(tally(balancer, 100), c)).toBeGreaterThan(0.5);
  });

  test("a new backend whose first request gets lost is tried again", () => {
    const { backends, balancer, clock } = world([20, 20]);
    const [a, b] = backends;
    balancer.answered?.(a!, 20, false);
    // As of a WebSocket from before the backend was known.
    b!.inFlight = 1;
    expect(balancer.pick(anExchange)).toBe(b);
    expect(balancer.pick(anExchange)).toBe(a);
    clock.advance(10_000);
    expect(balancer.pick(anExchange)).toBe(b);
  });

  test("a backend that fails at once is not the fastest", () => {
    const { clock, backends, balancer, services } = world([20, 20, 20]);
    const run = traffic(balancer, {
      ...services,
      serve: (backend) =>
        backend === backends[0] ? { milliseconds: 0.1, hasFailed: true } : services.serve(backend),
    });
    run(100, 200);
    expect(share(run(10_000, 200), backends[0])).toBeLessThan(1 / 3 / 20);
    // However often it has failed, it is tried again before long.
    for (let failure = 0; failure < 5_000; failure += 1) balancer.answered?.(backends[0]!, 1, true);
    clock.advance(90_000);
    for (const backend of backends.slice(1)) balancer.answered?.(backend, 20, false);
    expect(tally(balancer, 20).has(backends[0]!)).toBe(true);
  });

  test("a backend that comes back is tried like a new one, one with another weight is not", () => {
    const { backends, balancer } = world([20, 20]);
    const [a, b] = backends;
    balancer.answered?.(a!, 500, false);
    balancer.answered?.(b!, 20, false);
    balancer.balance([...backends]);
    expect(tally(balancer, 20).has(a!)).toBe(false);
    balancer.balance([b!]);
    balancer.balance(backends);
    expect(balancer.pick(anExchange)).toBe(a);
  });

  test("a further attempt goes to the cheapest of the others", () => {
    const { backends, balancer } = world([20, 20, 20]);
    const [a, b, c] = backends;
    for (const [index, backend] of backends.entries()) {
      balancer.answered?.(backend, 10 * (index + 1), false);
    }
    expect(balancer.pick(anExchange, new Set([a!]))).toBe(b);
    expect(balancer.pick(anExchange, new Set([a!, b!]))).toBe(c);
    expect(balancer.pick(anExchange, new Set(backends))).toBeUndefined();
  });

  test("an answer of a backend that has gone changes nothing", () => {
    const { backends, balancer } = world([20, 20]);
    balancer.balance([backends[1]!]);
    balancer.answered?.(backends[0]!, 20, false);
    expect(balancer.pick(anExchange)).toBe(backends[1]);
  });
});
