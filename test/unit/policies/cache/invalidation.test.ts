import { describe, expect, test } from "bun:test";
import { FakeClock } from "../../../support/fake-clock.ts";
import { CachedRoute, invalidationWith } from "./cached.ts";

const FRESH = { fields: { "cache-control": "max-age=60" } };

async function stored(...targets: string[]): Promise<CachedRoute> {
  const route = new CachedRoute().answers(FRESH);
  for (const target of targets) await route.ask(target);
  return route;
}

describe("a request that may change something", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "LIST"])(
    "by %s removes what is stored for its URL",
    async (method) => {
      const route = await stored("/a?b=1", "/a", "/c");
      await route.ask("/a?b=1", { method });
      expect(route.cache.shelf.entries).toBe(2);
      const only = { fields: { "cache-control": "only-if-cached" } };
      expect((await route.ask("/a", only)).status).toBe(200);
      expect((await route.ask("/a?b=1", only)).status).toBe(504);
    },
  );

  test.each(["GET", "HEAD", "OPTIONS", "QUERY", "PROPFIND"])("is none by %s", async (method) => {
    const route = await stored("/a");
    await route.ask("/a", { method });
    expect(route.cache.shelf.entries).toBe(1);
  });

  test.each([
    [200, 0],
    [204, 0],
    [303, 0],
    [400, 1],
    [404, 1],
    [500, 1],
  ])("and is answered by %d leaves %d", async (status, left) => {
    const route = await stored("/a");
    await route.answers({ status }).ask("/a", { method: "POST" });
    expect(route.cache.shelf.entries).toBe(left);
  });

  test.each([
    ["location", "/b?x=1", 0],
    ["location", "http://gateway.test/b?x=1", 0],
    ["location", "b?x=1#part", 0],
    ["content-location", "./b?x=1", 0],
    ["location", "/b", 1],
    ["location", "http://other.test/b?x=1", 1],
    ["location", "https://gateway.test/b?x=1", 1],
    ["location", "http://gateway.test:81/b?x=1", 1],
    ["location", "http://[", 1],
  ])("and names %s: %s leaves %d", async (name, value, left) => {
    const route = await stored("/b?x=1");
    await route.answers({ status: 201, fields: { [name]: value } }).ask("/a", { method: "POST" });
    expect(route.cache.shelf.entries).toBe(left);
  });

  test("removes all answers of the URL, whatever they vary by", async () => {
    const route = new CachedRoute().answers({
      fields: { "cache-control": "max-age=60", vary: "x-a" },
    });
    await route.ask("/a", { fields: { "x-a": "1" } });
    await route.ask("/a", { fields: { "x-a": "2" } });
    await route.ask("/a", { method: "POST" });
    expect(route.cache.shelf.entries).toBe(0);
    expect(route.cache.shelf.bytes).toBe(0);
  });

  test("counts on whichever route it comes", async () => {
    const clock = new FakeClock();
    const invalidation = invalidationWith(clock);
    const [one, other] = [0, 0].map(() =>
      new CachedRoute(true, { clock, invalidation }).answers(FRESH),
    );
    await one!.ask("/a");
    await other!.ask("/a");
    await other!.ask("/a", { method: "POST" });
    expect(one!.cache.shelf.entries).toBe(0);
    expect(other!.cache.shelf.entries).toBe(0);
  });

  test("has an answer not stored that was asked for before it", async () => {
    const route = new CachedRoute();
    let answer = (_backend: object) => {};
    route.answers(({ method }) =>
      method === "POST"
        ? {}
        : new Promise((resolve) => {
            answer = resolve;
          }),
    );
    const early = route.ask("/a");
    await Promise.resolve();
    await route.ask("/a", { method: "POST" });
    const [answerEarly, late] = [answer, route.ask("/a")];
    await Promise.resolve();
    answerEarly(FRESH);
    expect(await (await early).text()).toBe("content 1");
    expect(route.cache.shelf.entries).toBe(0);
    answer(FRESH);
    // One who asked after the change waits for no answer from before it.
    expect(await (await late).text()).toBe("content 3");
    expect(route.cache.shelf.entries).toBe(1);
  });
});
