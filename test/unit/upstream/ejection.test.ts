import { describe, expect, test } from "bun:test";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { Ejection } from "../../../src/upstream/ejection/ejection.ts";
import type { EjectionConfig } from "../../../src/upstream/ejection/schema.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import type { Outcome } from "../../../src/upstream/outcome.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { answered, failed } from "./outcomes.ts";
import { anExchange, letters } from "./pool.ts";

const settings: EjectionConfig = {
  enabled: true,
  failures: 5,
  on: ["connect", "reset", "timeout", "5xx"],
  for: 30_000,
  max_ejected: 0.5,
};

/** An upstream that ejects its backends a, b, c and so on, and how to make requests fail. */
function ejecting(count: number, changes: Partial<EjectionConfig> = {}) {
  const all = { ...settings, ...changes };
  const clock = new FakeClock();
  const lines: string[] = [];
  const backends = Array.from({ length: count }, (_, index) => {
    const letter = String.fromCharCode(97 + index);
    const report = (level: string, message: string) => lines.push(`${level} ${letter} ${message}`);
    return new Backend({
      address: readBackendAddress(`http://${letter}.test`),
      weight: 1,
      health: new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 }),
      ejection: new Ejection(all.for, { clock, report }),
    });
  });
  const upstream = new Upstream(backends, new RoundRobin(), { ejection: all });
  const named = (letter: string) => backends[letter.charCodeAt(0) - 97]!;
  return {
    clock,
    lines,
    upstream,
    backends,
    ejection: (letter: string) => named(letter).ejection!,
    health: (letter: string) => named(letter).health as CheckedHealth,
    attempt: (letter: string, outcome: Outcome, times = 1) => {
      for (let made = 0; made < times; made += 1) {
        upstream.observer?.attempted(named(letter), outcome);
      }
    },
    /** The backends that get requests. */
    picked: () => [...new Set(letters(count * 4, () => upstream.pick(anExchange)))].sort().join(""),
  };
}

describe("a backend at which requests fail", () => {
  test("is ejected at the fifth failure in a row, with one line", () => {
    const { attempt, picked, lines } = ejecting(3);
    attempt("b", answered(500), 4);
    expect(picked()).toBe("abc");
    attempt("b", failed("timeout"));
    expect(picked()).toBe("ac");
    attempt("b", answered(500), 20);
    expect(lines).toEqual([
      "warn b is ejected for 30s: the last 5 requests failed (the last one: timeout of a test)",
    ]);
  });

  test("begins to count again at every request that does not fail", () => {
    const { attempt, picked } = ejecting(2);
    for (const status of [200, 404, 301]) {
      attempt("a", answered(503), 4);
      attempt("a", answered(status));
    }
    attempt("a", answered(503), 4);
    expect(picked()).toBe("ab");
  });

  test("may fail in ways that were not asked about, which count for nothing", () => {
    const { attempt, picked } = ejecting(2, { on: ["5xx"] });
    attempt("a", failed("connect"), 50);
    attempt("a", answered(500), 3);
    attempt("a", failed("reset"));
    attempt("a", answered(500), 1);
    expect(picked()).toBe("ab");
    attempt("a", answered(500), 1);
    expect(picked()).toBe("b");
  });

  test("comes back after its time, with one line, and must fail as often again", () => {
    const { attempt, picked, clock, lines } = ejecting(2, { failures: 1 });
    attempt("a", answered(500));
    clock.advance(29_999);
    expect(picked()).toBe("b");
    clock.advance(1);
    expect(picked()).toBe("ab");
    expect(lines).toEqual([
      "warn a is ejected for 30s: a request failed (answered 500)",
      "info a gets requests again: its time is up",
    ]);
    expect(clock.pending).toBe(0);
  });

  test("is ejected for longer each time, at most for five minutes", () => {
    const { attempt, ejection, clock } = ejecting(2, { for: 60_000 });
    for (const minutes of [1, 2, 3, 4, 5, 5, 5]) {
      attempt("a", answered(500), 5);
      clock.advance(minutes * 60_000 - 1);
      expect(ejection("a").isEjected).toBe(true);
      clock.advance(1);
      expect(ejection("a").isEjected).toBe(false);
    }
  });

  test("is ejected for less long after it has been back for a while", () => {
    const { attempt, ejection, clock } = ejecting(2, { for: 60_000 });
    const eject = () => {
      attempt("a", answered(500), 5);
      const { endsAt = 0 } = ejection("a");
      const milliseconds = endsAt - clock.wall();
      clock.advance(milliseconds);
      return milliseconds / 60_000;
    };
    expect([eject(), eject(), eject()]).toEqual([1, 2, 3]);
    clock.advance(2 * 60_000);
    expect(ejection("a").times).toBe(1);
    expect(eject()).toBe(2);
    clock.advance(60 * 60_000);
    expect(ejection("a").times).toBe(0);
    expect(eject()).toBe(1);
  });

  test("is ejected for all of a longer time than five minutes", () => {
    const { attempt, ejection, clock } = ejecting(2, { for: 3_600_000 });
    for (let time = 0; time < 2; time += 1) {
      attempt("a", answered(500), 5);
      clock.advance(3_599_999);
      expect(ejection("a").isEjected).toBe(true);
      clock.advance(1);
    }
  });

  test("comes back as soon as a check has shown that it is well", () => {
    const { attempt, ejection, picked, lines, clock } = ejecting(2);
    attempt("a", answered(500), 5);
    ejection("a").proven();
    expect(picked()).toBe("ab");
    expect(lines.at(-1)).toBe("info a gets requests again: a health check has succeeded");
    expect(clock.pending).toBe(0);
    ejection("a").proven();
    expect(lines).toHaveLength(2);
  });
});

describe("checks that succeed although requests fail", () => {
  test("end the first ejection, and not those that follow soon", () => {
    const { attempt, ejection, lines, clock } = ejecting(2);
    attempt("a", answered(500), 5);
    clock.advance(8_000);
    ejection("a").proven();
    expect(ejection("a").isEjected).toBe(false);
    for (const seconds of [60, 90]) {
      attempt("a", answered(500), 5);
      expect(lines.at(-1)).toBe(
        `warn a is ejected for ${seconds === 60 ? "1m" : "90s"}: the last 5 requests failed (the last one: answered 500); health checks do not see that, so they cannot end it`,
      );
      for (let second = 0; second < seconds; second += 10) {
        expect(ejection("a").isEjected).toBe(true);
        ejection("a").proven();
        clock.advance(10_000);
      }
      expect(ejection("a").isEjected).toBe(false);
    }
  });

  test("are believed again when the backend has been back for long enough", () => {
    const { attempt, ejection, clock } = ejecting(2);
    attempt("a", answered(500), 5);
    ejection("a").proven();
    attempt("a", answered(500), 5);
    clock.advance(60_000 + 2 * 30_000);
    attempt("a", answered(500), 5);
    ejection("a").proven();
    expect(ejection("a").isEjected).toBe(false);
  });
});

test("an ejection that was given up ends nothing and begins nothing", () => {
  const { attempt, ejection, clock, lines } = ejecting(2, { failures: 1 });
  attempt("a", answered(500));
  ejection("a").giveUp();
  ejection("b").giveUp();
  attempt("b", answered(500));
  expect([clock.pending, lines.length]).toEqual([0, 1]);
});

describe("of a pool", () => {
  test.each([
    [1, 0.5, 0],
    [1, 1, 0],
    [2, 0.5, 1],
    [2, 0.1, 1],
    [2, 1, 1],
    [3, 0.5, 1],
    [4, 0.5, 2],
    [4, 0.75, 3],
    [4, 1, 3],
    [20, 0.29, 5],
    [25, 0.29 - 1e-12, 7],
    [26, 0.5, 13],
  ])("with %p backends, %p of which can be, %p are ejected", (count, share, ejected) => {
    const { attempt, backends } = ejecting(count, { max_ejected: share });
    for (let index = 0; index < count; index += 1) {
      attempt(String.fromCharCode(97 + index), failed("connect"), 9);
    }
    expect(backends.filter(({ ejection }) => ejection!.isEjected)).toHaveLength(ejected);
  });

  test("the next one that fails is ejected when one has come back", () => {
    const { attempt, picked, clock } = ejecting(3);
    attempt("a", answered(500), 5);
    attempt("b", answered(500), 50);
    expect(picked()).toBe("bc");
    clock.advance(30_000);
    expect(picked()).toBe("abc");
    attempt("b", answered(500));
    expect(picked()).toBe("ac");
  });

  test("the last healthy one stays, whatever the others are", () => {
    const { attempt, health, picked } = ejecting(3, { max_ejected: 1 });
    health("b").failed(0, "down");
    health("c").failed(0, "down");
    attempt("a", answered(500), 50);
    expect(picked()).toBe("a");
  });

  test("ejected ones get requests when the others have become unhealthy", () => {
    const { attempt, health, picked } = ejecting(2);
    attempt("a", answered(500), 5);
    expect(picked()).toBe("b");
    health("b").failed(0, "down");
    expect(picked()).toBe("a");
    health("b").succeeded(0);
    expect(picked()).toBe("b");
  });

  test("unhealthy ones are not ejected as well", () => {
    const { attempt, health, ejection } = ejecting(3);
    health("a").failed(0, "down");
    attempt("a", failed("connect"), 50);
    expect(ejection("a").isEjected).toBe(false);
  });
});

describe("while no backend is healthy", () => {
  const unhealthy = (count: number, whenNoneHealthy?: "fail" | "try_all") => {
    const { backends } = ejecting(count);
    for (const { health } of backends) (health as CheckedHealth).failed(0, "down");
    const upstream = new Upstream(backends, new RoundRobin(), { whenNoneHealthy });
    return { backends, next: (picks: number) => letters(picks, () => upstream.pick(anExchange)) };
  };

  test("there is none to pick by default", () => {
    expect(unhealthy(2).next(2)).toBe("--");
    expect(unhealthy(1).next(1)).toBe("-");
  });

  test("all are tried where that is asked for, until one is healthy", () => {
    const { backends, next } = unhealthy(3, "try_all");
    expect(next(6).split("").sort().join("")).toBe("aabbcc");
    (backends[1]!.health as CheckedHealth).succeeded(0);
    expect(next(3)).toBe("bbb");
    expect(unhealthy(1, "try_all").next(2)).toBe("aa");
  });
});
