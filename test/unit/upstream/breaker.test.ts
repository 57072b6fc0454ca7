import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { CircuitBreaker } from "../../../src/upstream/breaker/breaker.ts";
import { type BreakerConfig, circuitBreaker } from "../../../src/upstream/breaker/schema.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { answered, failed } from "./outcomes.ts";
import { anExchange, letters } from "./pool.ts";
import { seeded } from "./seeded.ts";

const GOOD = answered(200);
const BAD = answered(500);

/** As `circuit_breaker` is read, with the defaults of all that is not written. */
function configOf(written: object = {}): BreakerConfig {
  const { schema } = circuitBreaker;
  return Value.Decode<typeof schema, BreakerConfig>(schema, Value.Default(schema, written));
}

function breakerOf(written: object = {}, clock = new FakeClock()) {
  const lines: string[] = [];
  const report = (level: string, message: string) => lines.push(`${level} ${message}`);
  const breaker = new CircuitBreaker(configOf(written), { clock, report });
  return {
    breaker,
    clock,
    lines,
    /** Attempts, one after another. */
    attempt: (outcome: typeof GOOD, times = 1) => {
      for (let made = 0; made < times; made += 1) breaker.ended(breaker.began(), outcome);
    },
  };
}

describe("a circuit breaker", () => {
  test("opens when half of at least twenty requests in ten seconds have failed", () => {
    const { breaker, attempt, lines } = breakerOf();
    attempt(GOOD, 10);
    attempt(BAD, 9);
    expect(breaker.state).toBe("closed");
    attempt(failed("timeout"));
    expect(breaker.state).toBe("open");
    expect(lines).toEqual([
      "warn is open for 15s: 10 of 20 requests in 10s failed (timeout of a test)",
    ]);
  });

  test("opens too when the last one of enough requests is a success", () => {
    const { breaker, attempt, lines } = breakerOf();
    attempt(BAD, 19);
    attempt(GOOD);
    expect(breaker.state).toBe("open");
    expect(lines).toEqual(["warn is open for 15s: 19 of 20 requests in 10s failed"]);
  });

  test("forgets what is longer ago than its window", () => {
    const { breaker, attempt, clock } = breakerOf();
    attempt(BAD, 19);
    clock.advance(10_001);
    attempt(BAD, 19);
    expect(breaker.state).toBe("closed");
    attempt(BAD);
    expect(breaker.state).toBe("open");
  });

  test("stays closed for as long as fewer fail, whatever clients do", () => {
    const { breaker, attempt } = breakerOf({ failure_ratio: "55%" });
    for (let round = 0; round < 100; round += 1) {
      attempt(answered(404), 10);
      attempt(BAD, 10);
    }
    for (let left = 0; left < 1_000; left += 1) breaker.ended(breaker.began(), undefined);
    expect(breaker.state).toBe("closed");
    // 55 % of 20, exactly.
    const exact = breakerOf({ failure_ratio: "55%" });
    exact.attempt(GOOD, 9);
    exact.attempt(BAD, 11);
    expect(exact.breaker.state).toBe("open");
  });

  test("opens after failures in a row where that is asked for, however many succeeded before", () => {
    const { breaker, attempt, lines } = breakerOf({ consecutive_failures: 3 });
    attempt(GOOD, 1_000);
    attempt(BAD, 2);
    attempt(GOOD);
    attempt(BAD, 2);
    expect(breaker.state).toBe("closed");
    attempt(BAD);
    expect(lines).toEqual(["warn is open for 15s: 3 requests in a row failed (answered 500)"]);
  });

  test("counts only what is asked for, and the rest neither as a failure nor as a success", () => {
    const { breaker, attempt } = breakerOf({ consecutive_failures: 2, on: ["reset"] });
    attempt(BAD, 10);
    attempt(failed("reset"));
    attempt(failed("connect"), 10);
    expect(breaker.state).toBe("closed");
    attempt(failed("reset"));
    expect(breaker.state).toBe("open");
  });

  test("lets nothing pass while it is open, and says for how long", () => {
    const { breaker, attempt, clock } = breakerOf({ consecutive_failures: 1 });
    expect(breaker).toMatchObject({ passes: true, opensFor: 0 });
    attempt(BAD);
    expect(breaker).toMatchObject({ passes: false, opensFor: 15_000 });
    clock.advance(14_999);
    expect(breaker).toMatchObject({ passes: false, opensFor: 1 });
    clock.advance(1);
    expect(breaker).toMatchObject({ state: "half_open", passes: true, opensFor: 0 });
    expect(clock.pending).toBe(0);
  });

  test("does nothing more, and has nothing scheduled, after it was given up", () => {
    const { breaker, attempt, clock, lines } = breakerOf({ consecutive_failures: 1 });
    attempt(BAD);
    breaker.giveUp();
    expect(clock.pending).toBe(0);
    const other = breakerOf({ consecutive_failures: 1 });
    other.breaker.giveUp();
    other.attempt(BAD, 5);
    expect(other.breaker.state).toBe("closed");
    expect([lines.length, other.lines.length, other.clock.pending]).toEqual([1, 0, 0]);
  });
});

describe("a half-open circuit breaker", () => {
  function halfOpen(written: object = {}) {
    const all = breakerOf({ consecutive_failures: 1, ...written });
    const before = all.breaker.began();
    all.attempt(BAD);
    const during = all.breaker.began();
    all.clock.advance(15_000);
    all.lines.splice(0);
    return { ...all, before, during };
  }

  test("lets as many requests pass at a time as it tries", () => {
    const { breaker } = halfOpen({ probes: 2 });
    const eras = [breaker.began(), breaker.began()];
    expect(breaker.passes).toBe(false);
    breaker.ended(eras[0]!, GOOD);
    expect(breaker.passes).toBe(true);
  });

  test("tells the upstream of each trial that ends, for those who wait", () => {
    const { breaker } = halfOpen({ probes: 2 });
    let changes = 0;
    breaker.addListener({ backendChanged: () => void (changes += 1) });
    const eras = [breaker.began(), breaker.began()];
    breaker.ended(eras[0]!, undefined);
    breaker.ended(eras[1]!, GOOD);
    expect(changes).toBe(2);
  });

  test("closes after as many successes, and counts from there", () => {
    const { breaker, attempt, lines } = halfOpen({ probes: 3 });
    attempt(answered(404), 2);
    expect(breaker.state).toBe("half_open");
    attempt(GOOD);
    expect(breaker.state).toBe("closed");
    expect(lines).toEqual(["info is closed: 3 trial requests succeeded"]);
    attempt(BAD);
    expect(breaker.state).toBe("open");
  });

  test("opens again, for the same time, at the first failure", () => {
    const { breaker, attempt, lines, clock } = halfOpen();
    attempt(GOOD, 2);
    attempt(BAD);
    expect(lines).toEqual(["warn is open again for 15s: a trial request failed (answered 500)"]);
    clock.advance(15_000);
    expect(breaker.state).toBe("half_open");
    attempt(GOOD, 3);
    expect(breaker.state).toBe("closed");
  });

  test("is not kept half open by clients that leave, nor closed by them", () => {
    const { breaker, attempt } = halfOpen({ probes: 1 });
    for (let left = 0; left < 10; left += 1) {
      expect(breaker.passes).toBe(true);
      breaker.ended(breaker.began(), undefined);
    }
    expect(breaker.state).toBe("half_open");
    attempt(GOOD);
    expect(breaker.state).toBe("closed");
  });

  test("learns nothing from requests that began before", () => {
    const { breaker, before, during, attempt } = halfOpen({ probes: 1 });
    breaker.ended(before, GOOD);
    breaker.ended(during, BAD);
    expect(breaker).toMatchObject({ state: "half_open", passes: true });
    const trial = breaker.began();
    breaker.ended(before, undefined);
    expect(breaker.passes).toBe(false);
    breaker.ended(trial, GOOD);
    attempt(GOOD);
    breaker.ended(trial, BAD);
    expect(breaker.state).toBe("closed");
  });
});

/** An upstream whose backends a, b, c and so on have breakers that open at the first failure. */
function breaking(count: number, written: object = {}) {
  const clock = new FakeClock();
  const all = Array.from({ length: count }, (_, index) => {
    const { breaker, attempt } = breakerOf({ consecutive_failures: 1, ...written }, clock);
    const address = readBackendAddress(`http://${String.fromCharCode(97 + index)}.test`);
    const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
    return {
      backend: new Backend({ address, weight: 1, health, breaker, maxInFlight: 9 }),
      health,
      breaker,
      attempt,
    };
  });
  const upstream = new Upstream(
    all.map(({ backend }) => backend),
    new RoundRobin(),
  );
  return {
    all,
    clock,
    upstream,
    next: (picks: number) => letters(picks, () => upstream.pick(anExchange)),
  };
}

describe("of an upstream, backends with open circuit breakers", () => {
  test("get no requests, and the others share them", () => {
    const { all, next, clock } = breaking(3);
    all[1]!.attempt(BAD);
    expect(next(4).split("").sort().join("")).toBe("aacc");
    clock.advance(15_000);
    expect(next(6).split("").sort().join("")).toBe("aabbcc");
  });

  test("are passed over while they are half open and being tried", () => {
    const { all, upstream, clock } = breaking(2, { probes: 1 });
    all[0]!.attempt(BAD);
    clock.advance(15_000);
    all[0]!.breaker.began();
    const picked = letters(4, () => upstream.pickAvailable(anExchange, new Set()));
    expect(picked).toBe("bbbb");
  });

  test("leave none to pick when all are open, which is answered with the time that is left", () => {
    const { all, next, upstream, clock } = breaking(2);
    all[0]!.attempt(BAD);
    clock.advance(4_500);
    all[1]!.attempt(BAD);
    expect(next(2)).toBe("--");
    expect(upstream.unavailable()).toMatchObject({
      code: "circuit_open",
      status: 503,
      fields: { "retry-after": "11" },
    });
  });

  test("of an only backend are answered in the same way, also while it is being tried", () => {
    const { all, next, upstream, clock } = breaking(1, { probes: 1 });
    expect(next(2)).toBe("aa");
    all[0]!.attempt(BAD);
    expect(next(1)).toBe("-");
    expect(upstream.unavailable()).toMatchObject({ code: "circuit_open" });
    clock.advance(15_000);
    expect(next(1)).toBe("a");
    all[0]!.breaker.began();
    expect(upstream.pickAvailable(anExchange, new Set())).toBeUndefined();
    expect(upstream.unavailable()).toMatchObject({
      code: "circuit_open",
      fields: { "retry-after": "1" },
    });
  });

  test("are no reason for an error when another one is full, or none is healthy", () => {
    const { all, upstream } = breaking(2);
    all[0]!.attempt(BAD);
    all[1]!.backend.inFlight = 9;
    expect(upstream.unavailable()).toMatchObject({ code: "overloaded" });
    for (const { health } of all) health.failed(0, "down");
    expect(upstream.unavailable()).toMatchObject({ code: "no_healthy_backend" });
  });
});

describe("over ten minutes of 50 requests per second", () => {
  /** The times at which the breaker of a backend that fails for a share of requests has opened. */
  function openings(failRate: (second: number) => number, seed: number) {
    const { breaker, clock } = breakerOf();
    const random = seeded(seed);
    const opened: number[] = [];
    let passed = 0;
    for (let request = 0; request < 600 * 50; request += 1) {
      clock.advance(20);
      if (!breaker.passes) continue;
      passed += 1;
      const era = breaker.began();
      const before = breaker.state;
      breaker.ended(era, random() < failRate(clock.monotonic() / 1_000) ? BAD : GOOD);
      if (breaker.isOpen && before !== "open") opened.push(clock.monotonic() / 1_000);
    }
    return { opened, passed, breaker };
  }

  test.each([1, 2, 3])("a backend at 1 %% of failures opens nothing (seed %p)", (seed) => {
    expect(openings(() => 0.01, seed)).toMatchObject({ opened: [], passed: 30_000 });
  });

  test.each([1, 2, 3])("one at 60 %% opens it within a second, and again (seed %p)", (seed) => {
    const { opened, passed } = openings(() => 0.6, seed);
    expect(opened[0]).toBeLessThan(1);
    // Half open, 3 of 3 succeed for one of 16 times.
    expect(opened.length).toBeGreaterThan(600 / 15 - 8);
    expect(passed).toBeLessThan(30_000 * 0.03);
  });

  test.each([1, 2, 3])("one that recovers is back within 15 s (seed %p)", (seed) => {
    const { opened, breaker } = openings((second) => (second < 300 ? 0.6 : 0), seed);
    expect(opened.at(-1)).toBeLessThanOrEqual(300);
    expect(breaker.state).toBe("closed");
  });
});

describe("circuit_breaker", () => {
  test.each([
    [{ window: 50 }, "`window` must be from 100ms to 1d"],
    [{ open_for: 90_000_000 }, "`open_for` must be from 100ms to 1d"],
    [
      { consecutive_failures: 5, window: 1_000 },
      "a breaker opens by `window` or by `consecutive_failures`; leave one of them out",
    ],
  ])("%j is refused", (written, message) => {
    expect(circuitBreaker.check?.(written, () => true)).toMatchObject([{ message }]);
  });
});
