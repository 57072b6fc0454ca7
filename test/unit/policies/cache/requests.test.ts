import { describe, expect, test } from "bun:test";
import { CachedRoute, statusOf } from "./cached.ts";

const FRESH = { fields: { "cache-control": "max-age=60" } };

const asking = (value: string) => ({ fields: { "cache-control": value } });

describe("a request with", () => {
  test.each([
    "no-cache",
    "max-age=0",
    "max-age=9",
    "min-fresh=51",
    "No-Cache",
    "max-stale=5, no-cache",
  ])("%s gets a new answer", async (said) => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask();
    route.clock.advance(10_000);
    const answer = await route.ask("/things", asking(said));
    expect(await answer.text()).toBe("content 2");
    expect(statusOf(answer)).toBe("fwd=request; stored");
    // Which is the stored one from now on.
    expect(await route.contents(1)).toEqual(["content 2"]);
  });

  test.each(["max-age=10", "min-fresh=50", "max-stale", "no-transform", "x-unknown", "max-age=x"])(
    "%s gets the stored one that is good enough",
    async (said) => {
      const route = new CachedRoute().answers(FRESH);
      await route.ask();
      route.clock.advance(10_000);
      expect(await route.contents(1, "/things", asking(said))).toEqual(["content 1"]);
    },
  );

  test("Pragma: no-cache and nothing else gets a new answer", async () => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask();
    const fields = { pragma: "no-cache" };
    expect(await route.contents(1, "/things", { fields })).toEqual(["content 2"]);
    const both = { pragma: "no-cache", "cache-control": "max-age=60" };
    expect(await route.contents(1, "/things", { fields: both })).toEqual(["content 2"]);
    expect(route.asked).toHaveLength(2);
  });

  test("no-store has its answer stored for nobody", async () => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask("/things", asking("no-store"));
    expect(route.cache.shelf.entries).toBe(0);
  });

  test.each([
    ["max-stale=5", 64_999, "content 1"],
    ["max-stale=5", 65_001, "content 2"],
    ["max-stale", 600_000, "content 1"],
    ["max-stale=x", 60_001, "content 2"],
  ])("%s takes a stale answer as old as that: after %d ms", async (said, after, content) => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask();
    route.clock.advance(after);
    expect(await route.contents(1, "/things", asking(said))).toEqual([content]);
  });

  test.each(["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"])(
    "max-stale gets no stale answer that has %s",
    async (said) => {
      const fields = { "cache-control": `max-age=60, ${said}`, etag: '"1"' };
      const route = new CachedRoute().answers({ fields });
      await route.ask();
      route.clock.advance(60_001);
      expect(await route.contents(1, "/things", asking("max-stale"))).toEqual(["content 2"]);
    },
  );

  test("only-if-cached gets what is stored, and otherwise a 504", async () => {
    const route = new CachedRoute().answers(FRESH);
    const missing = await route.ask("/things", asking("only-if-cached"));
    expect(missing.status).toBe(504);
    expect(await missing.json()).toMatchObject({ code: "not_cached" });
    expect(route.asked).toHaveLength(0);
    await route.ask();
    expect(await route.contents(1, "/things", asking("only-if-cached"))).toEqual(["content 1"]);
    route.clock.advance(60_000);
    expect((await route.ask("/things", asking("only-if-cached"))).status).toBe(504);
  });
});

describe("a request that the cache is not for", () => {
  test.each([
    ["POST", { method: "POST" }],
    ["OPTIONS", { method: "OPTIONS" }],
    ["QUERY", { method: "QUERY" }],
    ["a method of one's own", { method: "LIST" }],
  ])("%s goes to the backend each time", async (_, asked) => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask();
    expect(statusOf(await route.ask("/things", asked))).toBe("fwd=method");
    await route.ask("/things", asked);
    expect(route.asked).toHaveLength(3);
  });

  test.each([
    ["with content", { body: "a" }],
    ["for an upgrade", { fields: { upgrade: "websocket", connection: "upgrade" } }],
    ["that may mean another method", { fields: { "x-http-method-override": "DELETE" } }],
    ["with a condition that only the origin can decide", { fields: { "if-match": '"1"' } }],
    [
      "with another such condition",
      { fields: { "if-unmodified-since": "Thu, 01 Jan 2026 00:00:00 GMT" } },
    ],
  ])("one %s goes to the backend each time", async (_, asked) => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask();
    expect(statusOf(await route.ask("/things", asked))).toBe("fwd=bypass");
    await route.ask("/things", asked);
    expect(route.asked).toHaveLength(3);
    expect(await route.contents(1)).toEqual(["content 1"]);
  });
});

describe("HEAD", () => {
  const withTag = (etag: string, fields = {}) => ({
    fields: { "cache-control": "max-age=60", etag, ...fields },
  });

  test("is answered by a stored GET, with its length and without its content", async () => {
    const route = new CachedRoute().answers(FRESH);
    await route.ask();
    const answer = await route.ask("/things", { method: "HEAD" });
    expect(answer.headers.get("content-length")).toBe("9");
    expect(await answer.text()).toBe("");
    expect(route.asked).toHaveLength(1);
  });

  test("is not stored", async () => {
    const route = new CachedRoute().answers({ ...FRESH, body: null });
    await route.ask("/things", { method: "HEAD" });
    await route.ask();
    expect(route.asked).toHaveLength(2);
  });

  test("makes a stored answer fresh that is still the same", async () => {
    const route = new CachedRoute().answers(withTag('"1"', { "x-version": "1" }));
    await route.ask();
    route.clock.advance(60_000);
    route.answers({ ...withTag('"1"', { "x-version": "2" }), body: null });
    await route.ask("/things", { method: "HEAD" });

    const answer = await route.ask();

    expect(await answer.text()).toBe("content 1");
    expect(answer.headers.get("x-version")).toBe("2");
    expect(answer.headers.get("age")).toBe("0");
  });

  test.each([
    ["another tag", withTag('"2"')],
    ["another length", withTag('"1"', { "content-length": "10" })],
    ["that it is gone", { status: 410 }],
    ["that there is none", { status: 404 }],
  ])("that says %s removes what is stored", async (_, said) => {
    const route = new CachedRoute().answers(withTag('"1"'));
    await route.ask();
    route.answers({ ...said, body: null });
    await route.ask("/things", { method: "HEAD", ...asking("no-cache") });
    expect(route.cache.shelf.entries).toBe(0);
  });
});
