import { describe, expect, test } from "bun:test";
import type { Probe } from "../../../src/upstream/health/probe.ts";
import { at, hang, refuse, settings, settled, url, world } from "./checked-world.ts";

describe("a backend's health", () => {
  test("is good until checks have proved otherwise", async () => {
    const { clock, monitor } = world(refuse);
    const before = clock.wall();
    const health = monitor.acquire(at(url), settings);
    expect(health).toMatchObject({ healthy: true, lastCheckedAt: undefined });
    monitor.start();
    await settled();
    expect(health).toMatchObject({
      healthy: true,
      lastCheckedAt: before,
      lastError: "connection refused",
      consecutiveFailures: 1,
    });
  });

  test("is lost after enough failures in a row, and not by fewer between successes", async () => {
    const { monitor, changes, answerWith, pass } = world();
    const health = monitor.acquire(at(url), settings);
    monitor.start();
    await pass(5_000);
    answerWith(refuse);
    await pass(20_000);
    answerWith(async () => 204);
    await pass(10_000);
    expect(health).toMatchObject({ healthy: true, lastError: undefined, consecutiveFailures: 0 });
    answerWith(async () => 503);
    await pass(20_000);
    expect(health.healthy).toBe(true);
    await pass(10_000);
    expect(health).toMatchObject({ healthy: false, lastError: "answered 503" });
    const message = `backend ${url} is unhealthy after 3 failed checks: GET ${url}/health answered 503`;
    expect(changes).toEqual([{ url, healthy: false, message }]);
  });

  test("is regained after enough successes in a row", async () => {
    const { monitor, changes, answerWith, pass } = world(refuse);
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1, healthy_after: 2 });
    monitor.start();
    await pass(500);
    answerWith(async () => 200);
    await pass(1_000);
    answerWith(refuse);
    await pass(10_000);
    answerWith(async () => 200);
    await pass(10_000);
    expect(health.healthy).toBe(false);
    await pass(10_000);
    expect(health.healthy).toBe(true);
    expect(changes.map(({ healthy }) => healthy)).toEqual([false, true]);
    expect(changes[1]?.message).toBe(
      `backend ${url} is healthy again: GET ${url}/health answered 200`,
    );
  });

  test("is reported once for each change, however long the backend stays as it is", async () => {
    const { monitor, changes, pass } = world(refuse);
    const health = monitor.acquire(at(url), settings);
    monitor.start();
    await pass(300_000);
    expect(changes).toHaveLength(1);
    expect(health.consecutiveFailures).toBeGreaterThan(20);
  });

  test("is checked a second apart at first, and more slowly, whenever it is starting or out", async () => {
    const { monitor, times, answerWith, pass } = world(refuse);
    const health = monitor.acquire(at(url), settings);
    monitor.start();
    await pass(3_000);
    expect(health.healthy).toBe(false);
    await pass(25_000);
    expect(times()).toEqual([0, 1_000, 3_000, 7_000, 15_000, 25_000]);
    answerWith(async () => 200);
    await pass(10_000);
    answerWith(refuse);
    await pass(30_000);
    expect(times().slice(6)).toEqual([35_000, 45_000, 55_000, 65_000, 66_000, 68_000]);
  });

  test.each([
    [200, true],
    [299, true],
    [302, false],
    [404, false],
    [405, false],
    [501, false],
    [500, false],
    [199, false],
  ])("takes an answer of %d for a success: %p", async (status, healthy) => {
    const { monitor } = world(async () => status);
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    monitor.start();
    await settled();
    expect(health.healthy).toBe(healthy);
  });

  test("is lost by not answering in time, and the request is ended then", async () => {
    const { monitor, asked, changes, pass } = world(hang);
    monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    monitor.acquire(at(url), { ...settings, unhealthy_after: 1, timeout: 250 });
    monitor.start();
    await pass(2_900);
    expect(asked[0]?.signal.aborted).toBe(false);
    await pass(100);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(changes.map(({ message }) => message)).toEqual([
      expect.stringContaining("no answer within 250ms"),
      expect.stringContaining("no answer within 3s"),
    ]);
  });

  test("takes no notice of an answer that comes too late", async () => {
    const { clock, monitor, changes, pass } = world(
      () => new Promise((resolve) => clock.schedule(5_000, () => resolve(200))),
    );
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    monitor.start();
    await pass(9_000);
    expect(health.healthy).toBe(false);
    expect(changes).toHaveLength(1);
  });

  test.each([
    ["nothing", undefined, "the check itself failed"],
    ["a string", "boom", "the check itself failed"],
    ["an object without a prototype", Object.create(null), "the check itself failed"],
    ["an error of ours", new Error("boom"), "boom"],
    ["an error with an odd code", Object.assign(new Error("odd"), { code: 20 }), "odd"],
    [
      "a failed lookup",
      Object.assign(new Error("x"), { code: "ENOTFOUND" }),
      "could not be resolved",
    ],
  ])("is lost, and no more than that, when a probe throws %s", async (_, thrown, reason) => {
    for (const probe of [
      // A probe may also throw before it returns a promise.
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ] as Probe[]) {
      const { monitor, times, pass } = world(probe);
      const health = monitor.acquire(at(url), settings);
      monitor.start();
      await pass(3_000);
      expect(health.healthy).toBe(false);
      expect(health.lastError).toContain(reason);
      expect(times()).toHaveLength(3);
    }
  });

  test("is still checked when a listener throws", async () => {
    const { monitor, times, pass } = world(refuse);
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    health.addListener({
      healthChanged() {
        throw new Error("a listener's own fault");
      },
    });
    monitor.start();
    await pass(3_000);
    expect(health.healthy).toBe(false);
    expect(times()).toEqual([0, 1_000, 3_000]);
  });

  test("is no longer reported to a listener that was removed", async () => {
    const { monitor } = world(refuse);
    const health = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    const heard: string[] = [];
    const [first, second] = ["first", "second"].map((name) => ({
      healthChanged: () => void heard.push(name),
    }));
    health.addListener(first!);
    health.addListener(second!);
    health.removeListener(second!);
    monitor.start();
    await settled();
    expect(heard).toEqual(["first"]);
  });
});
