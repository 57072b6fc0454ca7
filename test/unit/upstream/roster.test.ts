import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { DEFAULT_REACH } from "../../../src/upstream/destination.ts";
import { Lifetimes } from "../../../src/runtime/lifetimes.ts";
import type { BackendConfig } from "../../../src/upstream/backend-schema.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { Roster } from "../../../src/upstream/roster.ts";
import type { Upstream } from "../../../src/upstream/upstream.ts";
import { refuse, settings as healthCheck, world } from "./checked-world.ts";
import { anExchange, letters } from "./pool.ts";

/** A source whose reports a test makes. */
function reporting(...first: BackendConfig[]) {
  let report: (backends: readonly BackendConfig[]) => void = () => {};
  const state = { isClosed: false };
  return {
    state,
    report: (...backends: BackendConfig[]) => report(backends),
    source: {
      open(to: typeof report) {
        report = to;
        if (first.length > 0) to(first);
      },
      close() {
        state.isClosed = true;
      },
    },
  };
}

const at = (letter: string, more: Partial<BackendConfig> = {}): BackendConfig => ({
  url: `http://${letter}.test`,
  weight: 1,
  ...more,
});

function rosterOf(
  sources: ReturnType<typeof reporting>[],
  { lifetimes = new Lifetimes(), slowStart = 0 } = {},
) {
  const checks = world();
  const lines: string[] = [];
  const open = () =>
    new Roster(
      {
        name: "users",
        sources: sources.map(({ source }) => source),
        balancer: new RoundRobin(),
        slowStart,
        healthCheck,
        reach: DEFAULT_REACH,
        tls: () => undefined,
      },
      {
        clock: checks.clock,
        ownSecret: "a secret of the process",
        monitor: checks.monitor,
        keeper: lifetimes,
        log: (level, message) => void lines.push(`${level} ${message}`),
      },
    );
  const roster = open();
  const { upstream } = roster;
  return {
    ...checks,
    sources,
    lines,
    lifetimes,
    roster,
    upstream,
    open,
    next: (count: number) => letters(count, () => upstream.pick(anExchange)),
  };
}

describe("the backends of an upstream", () => {
  test("are none until a source has reported some", () => {
    const source = reporting();
    const { next } = rosterOf([source]);
    expect(next(1)).toBe("-");
    source.report(at("a"), at("b"));
    expect(next(4)).toBe("abab");
  });

  test("come and go, and keep their order", () => {
    const source = reporting(at("a"));
    const { upstream, next } = rosterOf([source]);
    expect(next(2)).toBe("aa");
    source.report(at("b"), at("a"), at("c"));
    expect(upstream.backends.map(({ url }) => url)).toEqual([
      "http://b.test",
      "http://a.test",
      "http://c.test",
    ]);
    expect(next(30).split("").sort().join("")).toBe(
      `${"a".repeat(10)}${"b".repeat(10)}${"c".repeat(10)}`,
    );
    source.report(at("c"));
    expect(next(2)).toBe("cc");
    source.report();
    expect(next(1)).toBe("-");
  });

  test("are those of all sources together, each once", () => {
    const sources = [reporting(at("a", { weight: 3 })), reporting(at("b"), at("a"))];
    const { upstream } = rosterOf(sources);
    expect(upstream.backends.map(({ url, weight }) => [url, weight])).toEqual([
      ["http://a.test", 3],
      ["http://b.test", 1],
    ]);
    sources[0]!.report();
    expect(upstream.backends.map(({ url, weight }) => [url, weight])).toEqual([
      ["http://b.test", 1],
      ["http://a.test", 1],
    ]);
  });

  test("that stay keep their health and requests in flight, also with another weight", async () => {
    const source = reporting(at("a"), at("b"));
    const { upstream, monitor, answerWith, pass, next } = rosterOf([source]);
    answerWith(async ({ to: { origin } }) => (origin.startsWith("http://a.") ? 500 : 200));
    monitor.start();
    await pass(5_000);
    upstream.backends[1]!.inFlight = 4;
    source.report(at("a", { weight: 5 }), at("b", { weight: 7, max_in_flight: 4 }), at("c"));
    const [a, b] = upstream.backends;
    expect(a).toMatchObject({ weight: 5, inFlight: 0, health: { healthy: false } });
    expect(b).toMatchObject({ weight: 7, inFlight: 4, isFull: true });
    expect(next(16).split("").sort().join("")).toBe(`${"b".repeat(14)}cc`);
  });

  test("stay as they are when a report says nothing new", () => {
    const source = reporting(at("a"), at("b"), at("c"));
    const { upstream, next } = rosterOf([source]);
    next(1);
    const before = upstream.backends;
    source.report(at("a"), at("b"), at("c"));
    expect(upstream.backends).toBe(before);
    expect(next(3)).toBe("bca");
  });

  test("are not checked any more, and not held, once they have gone", async () => {
    const source = reporting(at("a"), at("b"));
    const { lifetimes, monitor, asked, clock, pass, answerWith, roster } = rosterOf([source]);
    answerWith(refuse);
    monitor.start();
    await pass(0);
    expect(asked).toHaveLength(2);
    source.report(at("b"));
    await pass(1_000);
    expect(asked.map(({ url }) => url)).toEqual([
      "http://a.test/health",
      "http://b.test/health",
      "http://b.test/health",
    ]);
    roster.close();
    expect(clock.pending).toBe(0);
    expect(lifetimes.size).toBe(0);
  });

  test("that cannot be are left out, with one line for as long as they are reported", () => {
    const source = reporting(at("a"));
    const { upstream, lines } = rosterOf([source]);
    const wrong = [{ url: "b.test:80", weight: 1 }, at("c", { weight: 0 })];
    source.report(at("a"), ...wrong);
    source.report(at("a"), ...wrong);
    expect(upstream.backends.map(({ url }) => url)).toEqual(["http://a.test"]);
    expect(lines).toEqual([
      'warn upstream users: backend "b.test:80" is left out: a backend\'s URL begins with http:// or https://; write `http://b.test:80`',
      'warn upstream users: backend "http://c.test" is left out: a weight is a whole number from 1 to 1000',
    ]);
    source.report(at("a"));
    source.report(at("a"), ...wrong);
    expect(lines).toHaveLength(4);
  });

  test("are those of an upstream that replaces this one, with their requests in flight", () => {
    const source = reporting(at("a"), at("b"));
    const { lifetimes, upstream, roster, open } = rosterOf([source]);
    upstream.backends[0]!.inFlight = 2;
    const next = open();
    roster.close();
    expect(next.upstream.backends.map(({ inFlight }) => inFlight)).toEqual([2, 0]);
    next.close();
    expect(lifetimes.size).toBe(0);
  });

  test("do not come back when a source reports after it was closed", () => {
    const source = reporting(at("a"));
    const { lifetimes, roster } = rosterOf([source]);
    roster.close();
    expect(source.state.isClosed).toBe(true);
    source.report(at("a"), at("b"));
    expect(lifetimes.size).toBe(0);
  });

  test("are given up when one of the sources cannot be opened", () => {
    const first = reporting(at("a"));
    const broken = reporting();
    broken.source.open = () => {
      throw new Error("no such file");
    };
    const lifetimes = new Lifetimes();
    expect(() => rosterOf([first, broken], { lifetimes })).toThrow("no such file");
    expect(first.state.isClosed).toBe(true);
    expect(lifetimes.size).toBe(0);
  });
});

describe("a slow start of backends that are added", () => {
  const weights = (upstream: Upstream) => {
    upstream.pick(anExchange);
    return upstream.backends.map(({ currentWeight }) => currentWeight);
  };

  test("is none for those that each source reports first", () => {
    const sources = [reporting(at("a"), at("b")), reporting()];
    const { upstream } = rosterOf(sources, { slowStart: 30_000 });
    sources[1]!.report(at("c"));
    expect(weights(upstream)).toEqual([1, 1, 1]);
  });

  test("is one for those that a source reports later, beside others", () => {
    const source = reporting(at("a"), at("b"));
    const { upstream } = rosterOf([source], { slowStart: 30_000 });
    source.report(at("a"), at("b"), at("c"));
    expect(weights(upstream)).toEqual([1, 1, 0.1]);
    source.report(at("a", { weight: 10 }), at("b"), at("c", { weight: 10 }));
    expect(weights(upstream)).toEqual([10, 1, 1]);
  });

  test("is one for those that are new in an upstream that replaces another", () => {
    const source = reporting(at("a"), at("b"));
    const { roster, open, sources } = rosterOf([source], { slowStart: 30_000 });
    sources.splice(0, 1, reporting(at("a"), at("b"), at("c")));
    const next = open();
    roster.close();
    expect(weights(next.upstream)).toEqual([1, 1, 0.1]);
  });
});

test("backends that change their labels or become backups stay where they are", () => {
  const source = reporting(at("a"), at("b"));
  const { upstream, next } = rosterOf([source]);
  source.report(at("a", { labels: { zone: "a" } }), at("b", { backup: true }));
  expect(upstream.backends.map(({ labels, isBackup }) => [labels, isBackup])).toEqual([
    [{ zone: "a" }, false],
    [{}, true],
  ]);
  expect(next(4)).toBe("aaaa");
});

test("whatever sources report in whatever order, an upstream has those backends and holds no others", () => {
  const backend = fc.record({
    url: fc.constantFrom("http://a.test", "http://b.test", "http://c.test", "nonsense"),
    weight: fc.integer({ min: 0, max: 3 }),
  });
  const reports = fc.array(fc.tuple(fc.nat({ max: 1 }), fc.array(backend, { maxLength: 5 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(reports, (reports) => {
      const sources = [reporting(), reporting()];
      const { roster, upstream, lifetimes } = rosterOf(sources);
      const last: BackendConfig[][] = [[], []];
      for (const [index, backends] of reports) {
        last[index] = backends;
        sources[index]!.report(...backends);
        const due = new Map<string, number>();
        for (const { url, weight } of last.flat()) {
          if (url !== "nonsense" && weight > 0 && !due.has(url)) due.set(url, weight);
        }
        expect(upstream.backends.map(({ url, weight }) => [url, weight])).toEqual([...due]);
        // The load of all, and an address, a load and a drain for each.
        expect(lifetimes.size).toBe(1 + 3 * due.size);
      }
      roster.close();
      expect(lifetimes.size).toBe(0);
    }),
    { numRuns: 200 },
  );
});
