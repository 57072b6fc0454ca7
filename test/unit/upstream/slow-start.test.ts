import { describe, expect, test } from "bun:test";
import { Backend } from "../../../src/upstream/backend.ts";
import type { Balancer } from "../../../src/upstream/balancers/balancer.ts";
import { balancerRegistry } from "../../../src/upstream/balancers/registry.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { createBalancer } from "../../../src/upstream/balancers/schema.ts";
import type { Load } from "../../../src/upstream/limits/upstream-load.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { parsedText } from "../pipeline/parsed-text.ts";
import { openExchange } from "../pipeline/opening.ts";
import { anExchange, switchedPool } from "./pool.ts";
import { seeded } from "./seeded.ts";

const DURATION = 30_000;

function world(weights: readonly number[], balancer: Balancer = new RoundRobin()) {
  const clock = new FakeClock();
  const switched = switchedPool(...weights);
  const backends = switched.map(({ backend }) => backend);
  const upstream = new Upstream(backends, balancer, { slowStart: { duration: DURATION, clock } });
  /** The first one's part of so many requests. */
  const share = (count = 4_200) => {
    let first = 0;
    for (let pick = 0; pick < count; pick += 1) {
      if (upstream.pick(anExchange)?.url === backends[0]?.url) first += 1;
    }
    return first / count;
  };
  return { clock, switched, backends, upstream, share };
}

/** The part of a backend of which so much of its weight counts, beside one of weight 1. */
const beside = (part: number) => part / (1 + part);

describe("a slow start", () => {
  test("gives a backend that is healthy again a tenth of its weight, and linearly more over time", () => {
    const { clock, switched, share } = world([1, 1]);
    expect(share()).toBeCloseTo(0.5, 3);
    switched[0]!.turn(false);
    expect(share()).toBe(0);
    switched[0]!.turn(true);
    expect(share()).toBeCloseTo(beside(0.1), 2);
    for (const part of [0.25, 0.5, 0.75]) {
      clock.advance(DURATION / 4);
      expect(share()).toBeCloseTo(beside(part), 2);
    }
    clock.advance(DURATION / 4);
    expect(share()).toBeCloseTo(0.5, 3);
    expect(clock.pending).toBe(0);
  });

  test("begins when the backend is healthy again, not when it is next picked", () => {
    const { clock, switched, share } = world([1, 1]);
    share(10);
    switched[0]!.turn(false);
    switched[0]!.turn(true);
    clock.advance(DURATION / 2);
    expect(share()).toBeCloseTo(beside(0.5), 2);
  });

  test("is none for those that are healthy from the beginning", () => {
    const { share, clock } = world([1, 1]);
    expect(share()).toBeCloseTo(0.5, 3);
    expect(clock.pending).toBe(0);
  });

  test("begins again with every return", () => {
    const { clock, switched, share } = world([1, 1]);
    switched[0]!.turn(false);
    switched[0]!.turn(true);
    clock.advance(DURATION / 2);
    switched[0]!.turn(false);
    expect(share()).toBe(0);
    switched[0]!.turn(true);
    expect(share()).toBeCloseTo(beside(0.1), 2);
  });

  test("is one for backends that are added to others", () => {
    const { clock, backends, upstream } = world([1, 1]);
    const [one, other] = switchedPool(1, 1).map(({ backend }) => backend);
    upstream.change([...backends, one!, other!], [one!]);
    upstream.pick(anExchange);
    expect([...backends, one!, other!].map(({ currentWeight }) => currentWeight)).toEqual([
      1, 1, 0.1, 1,
    ]);
    clock.advance(DURATION);
    upstream.pick(anExchange);
    expect(one!.currentWeight).toBe(1);
  });

  test("goes on in an upstream that replaces this one, and with another weight", () => {
    const { clock, switched, upstream } = world([4, 4]);
    switched[0]!.turn(false);
    switched[0]!.turn(true);
    upstream.pick(anExchange);
    clock.advance(DURATION / 2);
    const copies = switched.map(({ backend }) => copy(backend, backend.load, 8));
    const next = new Upstream(copies, new RoundRobin(), {
      slowStart: { duration: DURATION, clock },
    });
    upstream.close();
    next.pick(anExchange);
    expect(copies.map(({ currentWeight }) => currentWeight)).toEqual([4, 8]);
    next.close();
    expect(clock.pending).toBe(0);
    // Without a slow start nothing is held back.
    const plain = switched.map(({ backend }) => copy(backend, backend.load, 8));
    new Upstream(plain).pick(anExchange);
    expect(plain.map(({ currentWeight }) => currentWeight)).toEqual([8, 8]);
  });

  test("changes nothing for the only healthy backend", () => {
    const { switched, share } = world([1, 1]);
    switched[0]!.turn(false);
    switched[1]!.turn(false);
    switched[0]!.turn(true);
    expect(share(10)).toBe(1);
  });

  test("takes no timer while there are no requests", () => {
    const { clock, switched, upstream } = world([1, 1]);
    switched[0]!.turn(false);
    switched[0]!.turn(true);
    expect(clock.pending).toBe(0);
    upstream.pick(anExchange);
    expect(clock.pending).toBe(1);
    clock.advance(DURATION);
    expect(clock.pending).toBe(0);
  });

  const settings: Record<string, unknown> = { hash: parsedText("{header.x-tenant}") };

  test.each(balancerRegistry.map(({ name }) => name).filter((name) => name !== "fastest"))(
    "is honoured by %s",
    (name) => {
      const services = { clock: new FakeClock(), random: seeded(1) };
      const balancer = createBalancer(
        balancerRegistry,
        { name, settings: settings[name] },
        services,
      );
      const { switched, backends, upstream } = world([3, 3], balancer);
      switched[0]!.turn(false);
      switched[0]!.turn(true);
      const exchanges = Array.from({ length: 4_000 }, (_, index) =>
        openExchange({ fields: { "x-tenant": `${index}` } }),
      );
      const first = exchanges.filter((exchange) => upstream.pick(exchange) === backends[0]).length;
      // To within four standard deviations.
      expect(Math.abs(first - 4_000 * beside(0.1))).toBeLessThan(4 * Math.sqrt(4_000 * 0.083));
    },
  );
});

function copy(of: Backend, load: Load, weight: number): Backend {
  return new Backend({ address: of, weight, health: of.health, load });
}
