import { describe, expect, test } from "bun:test";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { anExchange, letters, pool, switchedPool } from "./pool.ts";

function upstreamOf(...weights: number[]) {
  const switched = switchedPool(...weights);
  const upstream = new Upstream(switched.map(({ backend }) => backend));
  return {
    upstream,
    switched,
    next: (count: number) => letters(count, () => upstream.pick(anExchange)),
  };
}

describe("an upstream", () => {
  test("balances over its backends", () => {
    expect(upstreamOf(2, 1).next(3)).toBe("aba");
  });

  test("sends nothing to an unhealthy backend, and its share again once it is healthy", () => {
    const { switched, next } = upstreamOf(1, 1, 1);
    next(1);
    switched[1]!.turn(false);
    expect(next(10).split("").sort().join("")).toBe("aaaaaccccc");
    switched[1]!.turn(true);
    expect(next(9).split("").sort().join("")).toBe("aaabbbccc");
  });

  test("leaves out backends that were unhealthy before it was created", () => {
    const switched = switchedPool(1, 1);
    switched[0]!.turn(false);
    const upstream = new Upstream(switched.map(({ backend }) => backend));
    expect(letters(3, () => upstream.pick(anExchange))).toBe("bbb");
  });

  test("has nothing to pick when no backend is healthy", () => {
    const { upstream, switched } = upstreamOf(1, 1);
    for (const each of switched) each.turn(false);
    expect(upstream.pick(anExchange)).toBeUndefined();
    expect(upstream.pick(anExchange, new Set())).toBeUndefined();
  });

  test("picks neither excluded nor unhealthy backends for a further attempt", () => {
    const { upstream, switched } = upstreamOf(1, 1, 1);
    switched[1]!.turn(false);
    const failed = new Set([switched[0]!.backend]);
    expect(upstream.pick(anExchange, failed)).toBe(switched[2]!.backend);
    switched[2]!.turn(false);
    expect(upstream.pick(anExchange, failed)).toBeUndefined();
  });

  test("of one backend has that to pick while it is healthy and not excluded", () => {
    const { upstream, switched } = upstreamOf(3);
    const [only] = switched;
    const { backend } = only!;
    expect(upstream.pick(anExchange)).toBe(backend);
    expect(upstream.pick(anExchange, new Set())).toBe(backend);
    expect(upstream.pick(anExchange, new Set([backend]))).toBeUndefined();
    only!.turn(false);
    expect(upstream.pick(anExchange)).toBeUndefined();
    only!.turn(true);
    expect(upstream.pick(anExchange)).toBe(backend);
  });

  test("picks a backend that is not full, none of those that are excluded", () => {
    const backends = pool(1, 1, 1, 1).map(
      ({ url, health }, index) =>
        new Backend({
          address: readBackendAddress(url),
          weight: 1,
          health,
          maxInFlight: index + 1,
        }),
    );
    const upstream = new Upstream(backends);
    const [a, b, c, d] = backends;
    a!.inFlight = 1;
    b!.inFlight = 2;
    const others = new Set([c!]);
    for (let pick = 0; pick < 5; pick += 1) {
      expect(upstream.pickAvailable(anExchange, others)).toBe(d);
    }
    d!.inFlight = 4;
    expect(upstream.pickAvailable(anExchange, others)).toBeUndefined();
    expect(upstream.pickAvailable(anExchange, new Set())).toBe(c);
    expect([...others]).toEqual([c!]);
  });

  test("goes on picking, by the health it knew, after it has been closed", () => {
    const { upstream, switched, next } = upstreamOf(1, 1);
    next(2);
    upstream.close();
    switched[0]!.turn(false);
    expect(next(2)).toBe("ab");
  });
});

describe("a backend", () => {
  const backend = (url: string) =>
    new Backend({
      address: readBackendAddress(url),
      weight: 1,
      health: new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 }),
    });

  test("keeps its URL as it was written", () => {
    expect(backend("http://Localhost:9001/").url).toBe("http://Localhost:9001/");
  });

  test("has an origin, with a port where it is not the scheme's default", () => {
    expect(backend("http://localhost:9001/v1").origin).toBe("http://localhost:9001");
    expect(backend("https://example.com:443").origin).toBe("https://example.com");
    expect(backend("http://[::1]:80/x").origin).toBe("http://[::1]");
  });

  test("has a base path that does not end in a slash", () => {
    expect(backend("http://localhost:9001").basePath).toBe("");
    expect(backend("http://localhost:9001/").basePath).toBe("");
    expect(backend("http://localhost:9001/v1").basePath).toBe("/v1");
    expect(backend("http://localhost:9001/a/v1//").basePath).toBe("/a/v1");
  });
});
