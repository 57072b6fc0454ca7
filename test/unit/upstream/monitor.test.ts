import { describe, expect, test } from "bun:test";
import { at, hang, refuse, settings, settled, url, world } from "./checked-world.ts";

describe("the health monitor", () => {
  test("asks for the path at the root of the backend's host, and then again every interval", async () => {
    const { monitor, asked, times, pass } = world();
    monitor.acquire(at("http://localhost:9001/api/v1/"), { ...settings, path: "/ready?deep=1" });
    monitor.start();
    await pass(30_000);
    expect(times()).toEqual([0, 10_000, 20_000, 30_000]);
    expect(asked[0]?.url).toBe("http://localhost:9001/ready?deep=1");
  });

  test("checks a backend with TLS as its routes say, once for each of their ways", async () => {
    const { monitor, asked, pass } = world();
    const ways = [{ ca: "one" }, { ca: "another" }];
    for (const tls of [...ways, { ca: "one" }])
      monitor.acquire(at("https://localhost", tls), settings);
    monitor.start();
    await pass(0);
    expect(asked.map(({ tls }) => tls)).toEqual(ways);
  });

  test("checks nothing before it is started", async () => {
    const { monitor, asked, pass } = world();
    monitor.acquire(at(url), settings);
    await pass(20_000);
    expect(asked).toBeEmpty();
  });

  test("checks new backends at once while it runs", async () => {
    const { monitor, times, pass } = world();
    monitor.start();
    monitor.start();
    await pass(500);
    monitor.acquire(at(url), settings);
    await pass(0);
    expect(times()).toEqual([500]);
  });

  test("counts the interval from the start of a check, however long the answer takes", async () => {
    const { clock, monitor, times, pass } = world(
      () => new Promise((resolve) => clock.schedule(2_000, () => resolve(200))),
    );
    monitor.acquire(at(url), settings);
    monitor.start();
    await pass(25_000);
    expect(times()).toEqual([0, 10_000, 20_000]);
  });

  test("never checks a backend again before it has answered or its time is over", async () => {
    const { monitor, times, pass } = world(hang);
    monitor.acquire(at(url), { ...settings, interval: 1_000, timeout: 4_000 });
    monitor.start();
    await pass(12_000);
    expect(times()).toEqual([0, 4_000, 8_000, 12_000]);
  });

  test("keeps each interval to within a tenth", async () => {
    for (const [random, second] of [
      [0, 9_000],
      [0.999, 10_998],
    ] as const) {
      const { monitor, times, clock } = world(undefined, () => random);
      monitor.acquire(at(url), settings);
      monitor.start();
      await settled();
      clock.advance(second + 1);
      expect(times()[1]).toBeCloseTo(second, 3);
    }
  });

  test("checks a few backends all at once, and spreads the first checks of very many", async () => {
    let seed = 0;
    const random = () => (seed = (seed + 0.1) % 1);
    for (const [count, soonest, latest] of [
      [50, 0, 0],
      [1_000, 100, 2_000],
    ] as const) {
      const { monitor, times, pass } = world(undefined, random);
      for (let port = 1; port <= count; port += 1) {
        monitor.acquire(at(`http://localhost:${port}`), settings);
      }
      monitor.start();
      await pass(2_000);
      expect(times()).toHaveLength(count);
      expect(Math.max(...times())).toBeGreaterThanOrEqual(soonest);
      expect(Math.max(...times())).toBeLessThanOrEqual(latest);
    }
  });

  test("leaves a backend alone whose checks are not enabled, and takes it for healthy", async () => {
    const { monitor, asked, pass } = world(refuse);
    const health = monitor.acquire(at(url), { ...settings, enabled: false });
    monitor.start();
    await pass(60_000);
    expect(asked).toBeEmpty();
    expect(health.healthy).toBe(true);
    expect(health.lastCheckedAt).toBeUndefined();
  });

  test("ends checks and timers when it is stopped, and takes no verdict from them", async () => {
    const { clock, monitor, asked, changes, pass } = world(hang);
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    monitor.acquire(at("http://localhost:9002"), settings);
    monitor.start();
    await pass(1_000);
    monitor.stop();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
    await pass(30_000);
    expect(asked).toHaveLength(2);
    expect(changes).toBeEmpty();
    expect(health.lastCheckedAt).toBeUndefined();
  });

  test("can be stopped by a listener", async () => {
    const { clock, monitor, asked, pass } = world(refuse);
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    health.addListener({ healthChanged: () => monitor.stop() });
    monitor.start();
    await pass(30_000);
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe("one health for each backend and way of checking it", () => {
  test("is shared by all who ask, and checked once", async () => {
    const { monitor, asked } = world();
    const health = monitor.acquire(at(url), settings);
    expect(monitor.acquire(at(`${url}/`), { ...settings })).toBe(health);
    expect(monitor.acquire(at(url), { ...settings, path: "/ready" })).not.toBe(health);
    expect(monitor.acquire(at("http://localhost:9002"), settings)).not.toBe(health);
    monitor.start();
    expect(asked.map(({ url }) => url).sort()).toEqual([
      "http://localhost:9001/health",
      "http://localhost:9001/ready",
      "http://localhost:9002/health",
    ]);
  });

  test("outlives the snapshot that a new one replaces", async () => {
    const { monitor, times, changes, pass } = world(refuse);
    const before = monitor.acquire(at(url), settings);
    monitor.start();
    await pass(5_000);
    const after = monitor.acquire(at(url), settings);
    monitor.release(before);
    expect(after).toBe(before);
    expect(after.healthy).toBe(false);
    await pass(5_000);
    expect(times()).toEqual([0, 1_000, 3_000, 7_000]);
    expect(changes).toHaveLength(1);
  });

  test("ends with its last user, in the middle of a check too", async () => {
    const { clock, monitor, asked, pass } = world(hang);
    const health = monitor.acquire(at(url), settings);
    monitor.acquire(at(url), settings);
    monitor.start();
    monitor.release(health);
    expect(asked[0]?.signal.aborted).toBe(false);
    monitor.release(health);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
    monitor.release(health);
    await pass(20_000);
    expect(asked).toHaveLength(1);
    expect(monitor.acquire(at(url), settings)).not.toBe(health);
  });
});
