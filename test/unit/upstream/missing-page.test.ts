import { describe, expect, test } from "bun:test";
import { at, refuse, settings, url, world } from "./checked-world.ts";

const { path: _, ...unchosen } = settings;

describe("a backend without the page that checks ask for when nobody has chosen one", () => {
  test.each([404, 405, 501])("is healthy when it answers %d", async (status) => {
    const { monitor, asked, pass, changes } = world(async () => status);
    const health = monitor.acquire(at(url), { ...unchosen, unhealthy_after: 1 });
    monitor.start();
    await pass(30_000);
    expect(health).toMatchObject({ healthy: true, lastError: undefined, consecutiveFailures: 0 });
    expect(asked[0]?.url).toBe(`${url}/health`);
    expect(changes).toBeEmpty();
  });

  test("is warned of once, with what was asked, what came and the key to set", async () => {
    const { monitor, pass, warnings } = world(async () => 404);
    const health = monitor.acquire(at(url), unchosen);
    monitor.acquire(at(url), { ...unchosen, interval: 5_000 });
    monitor.start();
    await pass(60_000);
    expect(warnings).toEqual([
      `backend ${url} has no page for health checks: GET ${url}/health answered 404; it counts as healthy as long as it answers. Set \`health_check.path\` to a page that answers 2xx while the service is healthy`,
    ]);
    monitor.acquire(at("http://localhost:9002"), unchosen);
    await pass(1_000);
    expect(warnings).toHaveLength(2);
    monitor.release(health);
    monitor.acquire(at(url), unchosen);
    await pass(1_000);
    expect(warnings).toHaveLength(3);
  });

  test("is unhealthy when it does not answer, and back when it does", async () => {
    const { monitor, pass, answerWith, changes } = world(refuse);
    const health = monitor.acquire(at(url), unchosen);
    monitor.start();
    await pass(5_000);
    expect(health.healthy).toBe(false);
    answerWith(async () => 404);
    await pass(5_000);
    expect(health.healthy).toBe(true);
    expect(changes).toHaveLength(2);
  });

  test("is unhealthy when it answers what no missing page does", async () => {
    for (const status of [301, 401, 403, 400, 410, 500, 503]) {
      const { monitor, pass } = world(async () => status);
      const health = monitor.acquire(at(url), { ...unchosen, unhealthy_after: 1 });
      monitor.start();
      await pass(0);
      expect(health.healthy).toBe(false);
    }
  });

  test("is unhealthy when somebody has chosen the page, even the same one", async () => {
    const { monitor, pass, changes, warnings } = world(async () => 404);
    const chosen = monitor.acquire(at(url), { ...settings, unhealthy_after: 1 });
    const health = monitor.acquire(at(url), { ...unchosen, unhealthy_after: 1 });
    monitor.start();
    await pass(0);
    expect(chosen.healthy).toBe(false);
    expect(health.healthy).toBe(true);
    expect(warnings).toHaveLength(1);
    expect(changes.map(({ message }) => message)).toEqual([
      `backend ${url} is unhealthy after 1 failed check: GET ${url}/health answered 404; if the service has no such page, set \`health_check.path\` to a page that answers 2xx`,
    ]);
  });
});
