import { describe, expect, test } from "bun:test";
import { pickAgain, pickFirst } from "../../../src/proxy/pick.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { openExchange } from "../pipeline/opening.ts";

function start(count: number) {
  const backends = Array.from({ length: count }, (_, index) => {
    const health = new CheckedHealth({ unhealthy_after: 3, healthy_after: 1 });
    const address = readBackendAddress(`http://backend${index}.test`);
    return { health, backend: new Backend({ address, weight: 1, health, maxInFlight: 5 }) };
  });
  const all = backends.map(({ backend }) => backend);
  const upstream = new Upstream(all);
  /** Three requests in a row could not reach it. */
  const unreached = (index: number) => {
    for (let request = 0; request < 3; request += 1) backends[index]?.health.unreached("refused");
  };
  const again = (tried: Backend[], last: Backend) =>
    pickAgain(upstream, openExchange(), new Set(tried), last);
  return { all, backends, upstream, unreached, again };
}

describe("a first pick", () => {
  test("is none when no backend is healthy", () => {
    const { upstream, unreached } = start(1);
    unreached(0);
    expect(pickFirst(upstream, openExchange(), false)).toBeUndefined();
  });

  test("takes one that no check has found to be down yet, where retries are wanted", () => {
    const { all, backends, upstream, unreached } = start(2);
    unreached(0);
    unreached(1);
    all[0]!.inFlight = 1;
    expect(pickFirst(upstream, openExchange(), true)).toBe(all[1]);
    backends[1]!.health.failed(0, "refused");
    expect(pickFirst(upstream, openExchange(), true)).toBe(all[0]);
    backends[0]!.health.failed(0, "refused");
    expect(pickFirst(upstream, openExchange(), true)).toBeUndefined();
  });

  test("does not take a suspected one while there is a healthy one, nor one that is full", () => {
    const { all, upstream, unreached } = start(2);
    unreached(0);
    expect(pickFirst(upstream, openExchange(), true)).toBe(all[1]);
    all[1]!.inFlight = 5;
    expect(pickFirst(upstream, openExchange(), true)).toBe(all[0]);
    all[0]!.inFlight = 5;
    expect(pickFirst(upstream, openExchange(), true)).toBeUndefined();
  });
});

describe("a pick for a retry", () => {
  test("is another backend while there is one, then those that were tried, the last one last", () => {
    const { all, again } = start(3);
    const [a, b, c] = all as [Backend, Backend, Backend];
    expect(again([a], a)).not.toBe(a);
    expect(again([a, b], b)).toBe(c);
    expect(again([a, b, c], c)).not.toBe(c);
    b.inFlight = 5;
    expect(again([a, b, c], c)).toBe(a);
    a.inFlight = 5;
    expect(again([a, b, c], c)).toBe(c);
    c.inFlight = 5;
    expect(again([a, b, c], c)).toBeUndefined();
  });

  test("begins the round again", () => {
    const { all, upstream } = start(2);
    const [a, b] = all as [Backend, Backend];
    const tried = new Set([a, b]);
    pickAgain(upstream, openExchange(), tried, b);
    expect([...tried]).toEqual([b]);
  });

  test("is a suspected one before one that has been tried", () => {
    const { all, again, unreached } = start(2);
    const [a, b] = all as [Backend, Backend];
    unreached(1);
    expect(again([a], a)).toBe(b);
    expect(again([a, b], b)).toBe(a);
  });
});
