import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Backend } from "../../../src/upstream/backend.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { CircuitBreaker } from "../../../src/upstream/breaker/breaker.ts";
import { type BreakerConfig, circuitBreaker } from "../../../src/upstream/breaker/schema.ts";
import { Ejection } from "../../../src/upstream/ejection/ejection.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { answered } from "./outcomes.ts";
import { anExchange, letters, switchedPool } from "./pool.ts";

/** Backends of which the last ones are backups. */
function upstreamOf({
  normal,
  backups,
  maxInFlight,
}: {
  normal: number;
  backups: number;
  maxInFlight?: number;
}) {
  const switched = switchedPool(...Array.from({ length: normal + backups }, () => 1));
  const backends = switched.map(
    ({ backend }, index) =>
      new Backend({
        address: backend,
        weight: 1,
        health: backend.health,
        maxInFlight,
        isBackup: index >= normal,
      }),
  );
  const upstream = new Upstream(backends);
  return {
    upstream,
    backends,
    switched,
    next: (count: number) => letters(count, () => upstream.pick(anExchange)),
  };
}

describe("a backup backend", () => {
  test("gets requests only while no other one is healthy", () => {
    const { switched, next } = upstreamOf({ normal: 2, backups: 2 });
    expect(next(4)).toBe("abab");
    switched[0]!.turn(false);
    expect(next(3)).toBe("bbb");
    switched[1]!.turn(false);
    expect(next(20).split("").sort().join("")).toBe(`${"c".repeat(10)}${"d".repeat(10)}`);
    switched[2]!.turn(false);
    expect(next(2)).toBe("dd");
    switched[0]!.turn(true);
    expect(next(3)).toBe("aaa");
  });

  test("gets a request that all others have failed", () => {
    const { upstream, backends, switched } = upstreamOf({ normal: 2, backups: 2 });
    const [a, b, c, d] = backends;
    const tried = new Set([a!]);
    expect(upstream.pickAvailable(anExchange, tried)).toBe(b);
    tried.add(b!);
    c!.inFlight = 2;
    expect(upstream.pickAvailable(anExchange, tried)).toBe(d);
    d!.inFlight = 3;
    expect(upstream.pickAvailable(anExchange, tried)).toBe(c);
    switched[2]!.turn(false);
    expect(upstream.pickAvailable(anExchange, tried)).toBe(d);
    tried.add(d!);
    expect(upstream.pickAvailable(anExchange, tried)).toBeUndefined();
  });

  test("gets nothing because others are full", () => {
    const { upstream, backends } = upstreamOf({ normal: 2, backups: 1, maxInFlight: 1 });
    const [a, b, c] = backends;
    a!.inFlight = 1;
    b!.inFlight = 1;
    const picked = upstream.pick(anExchange)!;
    expect([a, b]).toContain(picked);
    expect(upstream.pickAvailable(anExchange, new Set([picked]))).toBeUndefined();
    expect(upstream.pickAvailable(anExchange, new Set([a!, b!]))).toBeUndefined();
    b!.inFlight = 0;
    expect(upstream.pickAvailable(anExchange, new Set([a!]))).toBe(b);
    a!.inFlight = 0;
    expect(upstream.pickAvailable(anExchange, new Set([a!, b!]))).toBe(c);
  });

  test("gets requests while all others are ejected", () => {
    const clock = new FakeClock();
    const ejection = new Ejection(30_000, { clock, report: () => {} });
    const [a, b] = switchedPool(1, 1).map(
      ({ backend }, index) =>
        new Backend({
          address: backend,
          weight: 1,
          health: backend.health,
          ejection: index === 0 ? ejection : undefined,
          isBackup: index === 1,
        }),
    );
    const slowStart = { duration: 10_000, clock };
    const upstream = new Upstream([a!, b!], new RoundRobin(), { slowStart });
    expect(upstream.pick(anExchange)).toBe(a);
    ejection.begin("a test");
    expect(upstream.pick(anExchange)).toBe(b);
    clock.advance(30_000);
    expect(upstream.pick(anExchange)).toBe(a);
    // An ejection that has ended begins a slow start.
    expect(a!.currentWeight).toBe(0.1);
  });

  test("gets what circuit breakers keep from the others, half open ones too", () => {
    const clock = new FakeClock();
    const { schema } = circuitBreaker;
    const config = Value.Decode<typeof schema, BreakerConfig>(schema, Value.Default(schema, {}));
    const breaker = new CircuitBreaker(config, { clock, report: () => {} });
    const [a, b] = switchedPool(1, 1).map(
      ({ backend: address }, index) =>
        new Backend({
          address,
          weight: 1,
          health: address.health,
          breaker: index === 0 ? breaker : undefined,
          isBackup: index === 1,
        }),
    );
    const upstream = new Upstream([a!, b!]);
    const available = () => upstream.pickAvailable(anExchange, new Set());
    expect(available()).toBe(a);
    for (let failure = 0; failure < 20; failure += 1) {
      breaker.ended(breaker.began(), answered(500));
    }
    expect(available()).toBe(b);
    clock.advance(15_000);
    for (let trial = 0; trial < 3; trial += 1) {
      expect(available()).toBe(a);
      breaker.began();
    }
    expect(available()).toBe(b);
  });

  test("gets nothing while all are tried because none is healthy", () => {
    const switched = switchedPool(1, 1, 1);
    const backends = switched.map(
      ({ backend: address }, index) =>
        new Backend({ address, weight: 1, health: address.health, isBackup: index === 2 }),
    );
    const upstream = new Upstream(backends, new RoundRobin(), { whenNoneHealthy: "try_all" });
    for (const each of switched) each.turn(false);
    expect(letters(4, () => upstream.pick(anExchange))).toBe("abab");
  });

  test("that is full is passed over", () => {
    const { upstream, backends } = upstreamOf({ normal: 1, backups: 2, maxInFlight: 1 });
    const [a, b, c] = backends;
    b!.inFlight = 1;
    expect(upstream.pickAvailable(anExchange, new Set([a!]))).toBe(c);
    c!.inFlight = 1;
    expect(upstream.pickAvailable(anExchange, new Set([a!]))).toBeUndefined();
  });
});
