import { describe, expect, test } from "bun:test";
import { CachedRoute, statusOf } from "./cached.ts";

const cacheControl = (value: string) => ({ fields: { "cache-control": value } });

describe("an answer that says for how long it is fresh", () => {
  test("is used again for as long", async () => {
    const route = new CachedRoute().answers(cacheControl("max-age=60"));
    expect(await route.contents(3)).toEqual(["content 1", "content 1", "content 1"]);
    route.clock.advance(59_999);
    expect(await route.contents(1)).toEqual(["content 1"]);
    route.clock.advance(1);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });

  test("has its age, its own date, and says that it came from the cache", async () => {
    const route = new CachedRoute().answers({
      fields: {
        "cache-control": "max-age=60",
        date: "Thu, 01 Jan 2026 00:00:00 GMT",
        via: "1.1 gateway",
      },
    });
    const first = await route.ask();
    expect(first.headers.get("age")).toBeNull();
    expect(statusOf(first)).toBe("fwd=uri-miss; stored");
    route.clock.advance(10_400);

    const { headers } = await route.ask("/things", { request: {} });

    expect(headers.get("age")).toBe("10");
    expect(headers.get("date")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
    expect(headers.get("cache-status")).toBe("gateway; hit; ttl=49");
    expect(headers.get("via")).toBe("1.1 gateway");
  });

  test("gets a date where it has none", async () => {
    const route = new CachedRoute();
    await route.ask();
    route.clock.advance(5_000);
    expect((await route.ask()).headers.get("date")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
  });

  test("has the id of each request, not of the first one", async () => {
    const route = new CachedRoute().answers({
      fields: { "cache-control": "max-age=60", "x-request-id": "of the first" },
    });
    await route.ask();
    expect((await route.ask()).headers.get("x-request-id")).toBe("request-1");
  });

  test("keeps nothing that was for the first client alone", async () => {
    const route = new CachedRoute().answers({
      fields: {
        "cache-control": "public, max-age=60",
        "set-cookie": "session=1",
        ratelimit: '"default";r=9;t=1',
        "ratelimit-policy": '"default";q=10;w=1',
        "x-ratelimit-remaining": "9",
      },
    });
    expect((await route.ask()).headers.get("set-cookie")).toBe("session=1");
    const { headers } = await route.ask();
    for (const name of ["set-cookie", "ratelimit", "ratelimit-policy", "x-ratelimit-remaining"]) {
      expect(headers.get(name)).toBeNull();
    }
    expect(route.asked).toHaveLength(1);
  });
});

describe("the store has different answers for", () => {
  test.each([
    ["paths", "/one", "/two"],
    ["queries", "/one?a=1", "/one?a=2"],
    ["queries in another order", "/one?a=1&b=2", "/one?b=2&a=1"],
    ["hosts", "http://one.test/", "http://two.test/"],
    ["ports", "http://one.test:1/", "http://one.test:2/"],
  ])("%s", async (_, one, other) => {
    const route = new CachedRoute();
    expect(await route.contents(1, one)).toEqual(["content 1"]);
    expect(await route.contents(1, other)).toEqual(["content 2"]);
    expect(await route.contents(1, one)).toEqual(["content 1"]);
  });

  test("schemes", async () => {
    const route = new CachedRoute();
    await route.ask();
    expect(await route.contents(1, "/things", { client: { protocol: "https" } })).toEqual([
      "content 2",
    ]);
  });

  test("what trusted proxies say was asked for", async () => {
    const route = new CachedRoute();
    const through = (host: string) => ({
      client: { viaTrustedProxy: true },
      fields: { "x-forwarded-host": host },
    });
    await route.ask("/things", through("one.test"));
    expect(await route.contents(1, "/things", through("two.test"))).toEqual(["content 2"]);
  });

  test("not for hosts in letters of either case", async () => {
    const route = new CachedRoute();
    await route.ask("/things", { host: "GateWay.test" });
    expect(await route.contents(1)).toEqual(["content 1"]);
  });
});

describe("an answer is not used again", () => {
  test.each([
    ["that says nothing", {}],
    [
      "that says nothing but when it was changed",
      { "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" },
    ],
    ["with no-store", { "cache-control": "no-store, max-age=60" }],
    ["that is private", { "cache-control": "private, max-age=60" }],
    ["of which a field is private", { "cache-control": 'private="x-user", max-age=60' }],
    ["with no-cache", { "cache-control": "no-cache, max-age=60" }],
    ["with an age beyond its freshness", { "cache-control": "max-age=60", age: "60" }],
    ["with an age that is none", { "cache-control": "max-age=60", age: "new" }],
    [
      "that is older than it is fresh",
      { "cache-control": "max-age=60", date: "Wed, 31 Dec 2025 23:58:00 GMT" },
    ],
    ["that has expired", { expires: "Wed, 31 Dec 2025 23:59:59 GMT" }],
    ["whose end cannot be read", { expires: "0" }],
    ["that contradicts itself", { "cache-control": "max-age=60, max-age=70" }],
    ["with a fraction of seconds", { "cache-control": "max-age=60.5" }],
    ["whose freshness stands in a string", { "cache-control": 'x="max-age=60"' }],
    ["that sets a cookie", { "cache-control": "max-age=60", "set-cookie": "a=b" }],
    ["that varies by everything", { "cache-control": "max-age=60", vary: "*" }],
    [
      "that varies by everything among others",
      { "cache-control": "max-age=60", vary: "accept, *" },
    ],
    [
      "of an unknown kind that must be understood",
      { "cache-control": "max-age=60, must-understand, no-store" },
      299,
    ],
    [
      "that other shared caches must not store",
      { "cache-control": "max-age=60", "cdn-cache-control": "no-store" },
    ],
    ["that refuses one request", { "cache-control": "public, max-age=60" }, 400],
    ["that refuses one client", { "cache-control": "public, max-age=60" }, 401],
    ["that refuses too many requests", { "cache-control": "public, max-age=60" }, 429],
    ["in part", { "cache-control": "max-age=60", "content-range": "bytes 0-3/9" }, 206],
    ["that is a 500", { "cache-control": "public" }, 500],
  ] as [string, Record<string, string>, number?][])("%s", async (_, fields, status = 200) => {
    const route = new CachedRoute().answers({ fields, status });
    expect(await route.contents(2)).toEqual(["content 1", "content 2"]);
    expect(route.cache.shelf.entries).toBe(0);
    expect(route.cache.shelf.bytes).toBe(0);
  });

  test("beyond the time that shared caches are given", async () => {
    const route = new CachedRoute().answers(cacheControl("s-maxage=1, max-age=60"));
    await route.ask();
    route.clock.advance(1_000);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });
});

describe("an answer is used again", () => {
  test.each([
    ["until it expires", { expires: "Thu, 01 Jan 2026 00:01:00 GMT" }],
    ["with a quoted number", { "cache-control": 'max-age="60"' }],
    ["in letters of either case", { "cache-control": "Max-Age=60" }],
    ["with must-revalidate while it is fresh", { "cache-control": "max-age=60, must-revalidate" }],
    [
      "with proxy-revalidate while it is fresh",
      { "cache-control": "max-age=60, proxy-revalidate" },
    ],
    ["with a longer time for shared caches", { "cache-control": "s-maxage=60, max-age=0" }],
    [
      "of a kind that it knows and must",
      { "cache-control": "max-age=60, must-understand, no-store" },
    ],
    ["whose no-store stands in a string", { "cache-control": 'x="no-store", max-age=60' }],
  ] as [string, Record<string, string>][])("%s", async (_, fields) => {
    const route = new CachedRoute().answers({ fields });
    expect(await route.contents(2)).toEqual(["content 1", "content 1"]);
  });

  test.each([203, 204, 301, 302, 308, 404, 410, 451, 503])("if it is a %d", async (status) => {
    const body = status === 204 ? null : "the same";
    const route = new CachedRoute().answers({ ...cacheControl("max-age=60"), status, body });
    await route.ask();
    expect((await route.ask()).status).toBe(status);
    expect(route.asked).toHaveLength(1);
  });
});

describe("`ttl`", () => {
  test("counts where an answer says nothing", async () => {
    const route = new CachedRoute({ ttl: "1500ms" }).answers({});
    await route.ask();
    route.clock.advance(1_499);
    expect(await route.contents(1)).toEqual(["content 1"]);
    route.clock.advance(1);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });

  test.each(["max-age=0", "no-cache", "private", "no-store", "s-maxage=0"])(
    "does not count where it says %s",
    async (said) => {
      const route = new CachedRoute({ ttl: "1m" }).answers(cacheControl(said));
      expect(await route.contents(2)).toEqual(["content 1", "content 2"]);
    },
  );

  test.each([201, 302, 403, 404, 500])("does not count for a %d", async (status) => {
    const route = new CachedRoute({ ttl: "1m" }).answers({ status });
    expect(await route.contents(2)).toEqual(["content 1", "content 2"]);
  });

  test("does not count for answers that say something to other shared caches", async () => {
    const fields = { "surrogate-control": "max-age=0" };
    const route = new CachedRoute({ ttl: "1m" }).answers({ fields });
    expect(await route.contents(2)).toEqual(["content 1", "content 2"]);
  });

  test("does not count for answers to requests with a cookie", async () => {
    const route = new CachedRoute({ ttl: "1m" }).answers({});
    const fields = { cookie: "session=1" };
    expect(await route.contents(2, "/things", { fields })).toEqual(["content 1", "content 2"]);
  });
});
