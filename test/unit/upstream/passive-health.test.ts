import { describe, expect, test } from "bun:test";
import type { Health } from "../../../src/upstream/health/health.ts";
import { at, hang, refuse, settings, settled, url, world } from "./checked-world.ts";

function miss(health: Health, times: number): void {
  for (let missed = 0; missed < times; missed += 1) health.unreached("connection refused");
}

/** A backend that a check has found healthy, and 5 s later. */
async function checked(changes: Partial<typeof settings> = {}) {
  const all = world();
  const health = all.monitor.acquire(at(url), { ...settings, ...changes });
  all.monitor.start();
  await all.pass(5_000);
  return { ...all, health };
}

describe("requests that cannot reach a backend", () => {
  test("take it out at the third in a row, with one line that says how it comes back", async () => {
    const { health, changes } = await checked();
    miss(health, 2);
    expect(health.healthy).toBe(true);
    miss(health, 5);
    expect(health).toMatchObject({ healthy: false, lastError: "connection refused" });
    expect(changes).toEqual([
      {
        url,
        healthy: false,
        message: `backend ${url} is unhealthy: the last 3 requests could not reach it (connection refused); it gets no requests until GET ${url}/health succeeds, and the gateway keeps checking`,
      },
    ]);
  });

  test("count from the last one that did reach it", async () => {
    const { health } = await checked();
    miss(health, 2);
    health.reached();
    miss(health, 2);
    expect(health.healthy).toBe(true);
    miss(health, 1);
    expect(health.healthy).toBe(false);
  });

  test("are followed by a check a second later, then two, up to the interval", async () => {
    const { health, times, answerWith, pass } = await checked();
    answerWith(refuse);
    miss(health, 3);
    await pass(30_000);
    expect(times()).toEqual([0, 6_000, 8_000, 12_000, 20_000, 30_000]);
  });

  test("are not kept from a backend for longer than the first check that succeeds", async () => {
    const { health, changes, times, pass } = await checked();
    miss(health, 3);
    await pass(1_000);
    expect(health).toMatchObject({ healthy: true, lastError: undefined });
    expect(changes.map(({ healthy }) => healthy)).toEqual([false, true]);
    await pass(10_000);
    expect(times()).toEqual([0, 6_000, 16_000]);
  });

  test("need as many successful checks as any unhealthy backend", async () => {
    const { health, pass } = await checked({ healthy_after: 2 });
    miss(health, 3);
    await pass(1_000);
    expect(health.healthy).toBe(false);
    await pass(2_000);
    expect(health.healthy).toBe(true);
  });

  test("take a backend that only checks can reach out at once again, for longer each time", async () => {
    const { health, changes, times, pass } = await checked();
    miss(health, 3);
    for (const pause of [1_000, 2_000, 4_000]) {
      await pass(pause);
      expect(health.healthy).toBe(true);
      miss(health, 1);
      expect(health.healthy).toBe(false);
    }
    expect(times()).toEqual([0, 6_000, 8_000, 12_000]);
    expect(changes).toHaveLength(7);
    await pass(8_000);
    health.reached();
    miss(health, 3);
    await pass(1_000);
    expect(times().slice(4)).toEqual([20_000, 21_000]);
  });

  test("leave a check that is under way to its verdict", async () => {
    const { monitor, asked, pass } = world(hang);
    const health = monitor.acquire(at(url), settings);
    monitor.start();
    await settled();
    miss(health, 3);
    expect(asked[0]?.signal.aborted).toBe(false);
    await pass(4_500);
    expect(asked).toHaveLength(2);
  });

  test("say nothing and start nothing once the checks have ended", async () => {
    const { clock, monitor, health, changes } = await checked();
    monitor.stop();
    miss(health, 3);
    expect(changes).toBeEmpty();
    expect(clock.pending).toBe(0);
  });

  test("never take out a backend that is not checked, as nothing would bring it back", async () => {
    const { health } = await checked({ enabled: false });
    miss(health, 100);
    expect(health.healthy).toBe(true);
  });

  test("count once for all routes that check the backend in the same way", async () => {
    const { monitor, health, changes } = await checked();
    const shared = monitor.acquire(at(url), settings);
    miss(health, 2);
    miss(shared, 1);
    expect(health.healthy).toBe(false);
    expect(changes).toHaveLength(1);
  });
});
