import { describe, expect, test } from "bun:test";
import { CachedRoute, statusOf } from "./cached.ts";

const FIELDS = { "cache-control": "max-age=60", etag: '"1"', "x-version": "1" };

/** A route whose stored answer has become stale. */
async function stale(fields: Record<string, string> = FIELDS, written: unknown = true) {
  const route = new CachedRoute(written).answers({ fields });
  await route.ask();
  route.clock.advance(60_000);
  return route;
}

const notModified = (fields: Record<string, string> = {}) => ({
  status: 304,
  fields: { "cache-control": "max-age=60", ...fields },
  body: null,
});

describe("a stale answer", () => {
  test("is confirmed by its tag and the time of its last change", async () => {
    const modified = "Wed, 31 Dec 2025 12:00:00 GMT";
    const route = await stale({ ...FIELDS, "last-modified": modified });
    await route.ask();
    expect(route.asked[1]?.outgoing.get("if-none-match")).toBe('"1"');
    expect(route.asked[1]?.outgoing.get("if-modified-since")).toBe(modified);
  });

  test("is used again after a 304, with its fields in place of the earlier ones", async () => {
    const route = await stale();
    route.answers(notModified({ etag: '"1"', "x-version": "2", "content-length": "99" }));

    const answer = await route.ask();

    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("content 1");
    expect(answer.headers.get("x-version")).toBe("2");
    expect(answer.headers.get("content-length")).toBeNull();
    expect(statusOf(answer)).toBe("fwd=stale; fwd-status=304");
    expect(await route.contents(1)).toEqual(["content 1"]);
    expect(route.asked).toHaveLength(2);
    expect(route.cache.shelf.entries).toBe(1);
  });

  test("is confirmed by a 304 that says nothing", async () => {
    const route = await stale();
    route.answers({ status: 304, body: null });
    expect(await route.contents(2)).toEqual(["content 1", "content 1"]);
  });

  test("is replaced by another answer", async () => {
    const route = await stale();
    expect(await route.contents(2)).toEqual(["content 2", "content 2"]);
    expect(route.cache.shelf.entries).toBe(1);
  });

  test("is not confirmed by a 304 about another one, and not used a second time", async () => {
    const route = await stale();
    route.answers(notModified({ etag: '"2"', "x-version": "2" }));
    const answer = await route.ask();
    expect(await answer.text()).toBe("content 1");
    expect(answer.headers.get("x-version")).toBe("1");
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("is removed by a 304 after which it must not be stored, but used once", async () => {
    const route = await stale();
    route.answers(notModified({ "cache-control": "no-store" }));
    const answer = await route.ask();
    expect(await answer.text()).toBe("content 1");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("is removed by an answer that must not be stored", async () => {
    const route = await stale();
    route.answers({ fields: { "cache-control": "private" } });
    await route.ask();
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("stays through an error", async () => {
    const route = await stale();
    route.answers({ status: 503 });
    expect((await route.ask()).status).toBe(503);
    route.answers(notModified());
    expect(await route.contents(1)).toEqual(["content 1"]);
  });

  test("with no-cache is confirmed each time", async () => {
    const route = new CachedRoute().answers({ fields: { ...FIELDS, "cache-control": "no-cache" } });
    await route.ask();
    route.answers(notModified({ "cache-control": "no-cache" }));
    expect(await route.contents(2)).toEqual(["content 1", "content 1"]);
    expect(route.asked).toHaveLength(3);
  });

  test("without a validator is fetched again", async () => {
    const route = await stale({ "cache-control": "max-age=60" });
    await route.ask();
    expect(route.asked[1]?.outgoing.get("if-none-match")).toBeNull();
  });
});

describe("a client's own conditions", () => {
  test("are not sent while a stored answer is confirmed, but decided by it", async () => {
    const route = await stale();
    route.answers(notModified());
    const has = await route.ask("/things", { fields: { "if-none-match": '"1"' } });
    expect(has.status).toBe(304);

    route.clock.advance(60_000);
    const hasNot = await route.ask("/things", {
      fields: { "if-none-match": '"old"', range: "bytes=0-1" },
    });
    expect(hasNot.status).toBe(206);
    expect(await hasNot.text()).toBe("co");
    expect(route.asked[2]?.outgoing.get("if-none-match")).toBe('"1"');
    expect(route.asked[2]?.outgoing.get("range")).toBeNull();
  });

  test("are decided by a new answer too", async () => {
    const route = await stale();
    route.answers({ fields: { ...FIELDS, etag: '"2"' } });
    const answer = await route.ask("/things", { fields: { "if-none-match": '"2"' } });
    expect(answer.status).toBe(304);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });
});

describe("a stale answer stands in for an error", () => {
  const allowing = { "cache-control": "max-age=60, stale-if-error=30" };

  test.each([500, 502, 503, 504])("%d, as long as it allows that itself", async (status) => {
    const route = await stale(allowing);
    route.answers({ status });
    route.clock.advance(30_000);
    const answer = await route.ask();
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("content 1");
    expect(statusOf(answer)).toBe(
      `fwd=stale; fwd-status=${status}; ttl=-30; detail=stale-if-error`,
    );
    expect(answer.headers.get("age")).toBe("90");
    route.clock.advance(1);
    expect((await route.ask()).status).toBe(status);
  });

  test("as long as the configuration allows it", async () => {
    const route = await stale({ "cache-control": "max-age=60" }, { stale_if_error: "1h" });
    route.answers({ status: 503 });
    route.clock.advance(3_600_000);
    expect((await route.ask()).status).toBe(200);
    route.clock.advance(1);
    expect((await route.ask()).status).toBe(503);
  });

  test("that the gateway itself answers with, and the row has none", async () => {
    const route = await stale(allowing);
    const exchange = route.open();
    exchange.fail("no_healthy_backend", "none is healthy");
    exchange.status = 503;
    route.answers({ status: 503 });
    const answer = await route.run(exchange);
    expect(answer.status).toBe(200);
    expect(exchange.errorCode).toBeUndefined();
    expect(exchange.status).toBe(0);
  });

  test.each([400, 404, 429, 501, 499])("but not for a %d", async (status) => {
    const route = await stale(allowing);
    route.answers({ status });
    expect((await route.ask()).status).toBe(status);
  });

  test.each(["must-revalidate", "proxy-revalidate", "no-cache"])(
    "but not with %s",
    async (said) => {
      const written = { stale_if_error: "1h" };
      const fields = { "cache-control": `${allowing["cache-control"]}, ${said}`, etag: '"1"' };
      const route = await stale(fields, written);
      route.answers({ status: 503 });
      expect((await route.ask()).status).toBe(503);
    },
  );

  test("with s-maxage only if it says so itself", async () => {
    const written = { stale_if_error: "1h" };
    const unasked = await stale({ "cache-control": "s-maxage=60" }, written);
    expect((await unasked.answers({ status: 503 }).ask()).status).toBe(503);
    const asked = await stale({ "cache-control": "s-maxage=60, stale-if-error=30" }, written);
    expect((await asked.answers({ status: 503 }).ask()).status).toBe(200);
  });

  test("but not for a client that wants a new one", async () => {
    const route = await stale(allowing);
    route.answers({ status: 503 });
    const fields = { "cache-control": "no-cache" };
    expect((await route.ask("/things", { fields })).status).toBe(503);
  });
});
