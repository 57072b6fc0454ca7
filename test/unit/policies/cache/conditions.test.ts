import { describe, expect, test } from "bun:test";
import { CachedRoute, statusOf } from "./cached.ts";

const MODIFIED = "Wed, 31 Dec 2025 12:00:00 GMT";
const FIELDS = {
  "cache-control": "max-age=60",
  "content-type": "text/plain",
  "content-language": "en",
  etag: '"1"',
  "last-modified": MODIFIED,
  "x-kind": "a",
};

async function stored(fields: Record<string, string> = FIELDS): Promise<CachedRoute> {
  const route = new CachedRoute().answers({ fields, body: "0123456789" });
  await route.ask();
  return route;
}

describe("a stored answer is a 304 for", () => {
  test.each([
    ["its tag", { "if-none-match": '"1"' }],
    ["its tag, weak", { "if-none-match": 'W/"1"' }],
    ["its tag among others", { "if-none-match": '"a,b", "1"' }],
    ["any tag", { "if-none-match": "*" }],
    [
      "its tag, whatever the date is",
      { "if-none-match": '"1"', "if-modified-since": "Thu, 01 Jan 2015 00:00:00 GMT" },
    ],
    ["the time of its last change", { "if-modified-since": MODIFIED }],
    ["a later time", { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" }],
    ["a time in an old form", { "if-modified-since": "Wednesday, 31-Dec-25 12:00:00 GMT" }],
  ] as [string, Record<string, string>][])("%s", async (_, fields) => {
    const route = await stored();
    const answer = await route.ask("/things", { fields });
    expect(answer.status).toBe(304);
    expect(answer.headers.get("etag")).toBe('"1"');
    expect(answer.headers.get("x-kind")).toBe("a");
    expect(answer.headers.get("cache-control")).toBe("max-age=60");
    for (const name of ["content-type", "content-length", "content-language"]) {
      expect(answer.headers.has(name)).toBe(false);
    }
    expect(statusOf(answer)).toBe("hit; ttl=60");
    expect(route.asked).toHaveLength(1);
  });

  test("HEAD as for GET", async () => {
    const route = await stored();
    const fields = { "if-none-match": '"1"' };
    expect((await route.ask("/things", { method: "HEAD", fields })).status).toBe(304);
  });

  test("a time after its date, if it has no time of its last change", async () => {
    const route = await stored({
      "cache-control": "max-age=60",
      date: "Thu, 01 Jan 2026 00:00:00 GMT",
    });
    const fields = { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" };
    expect((await route.ask("/things", { fields })).status).toBe(304);
  });
});

describe("a stored answer is sent whole for", () => {
  test.each([
    ["another tag", { "if-none-match": '"2"' }],
    [
      "another tag, whatever the date is",
      { "if-none-match": '"2"', "if-modified-since": MODIFIED },
    ],
    ["an earlier time", { "if-modified-since": "Wed, 31 Dec 2025 11:59:59 GMT" }],
    ["a time that is none", { "if-modified-since": "yesterday" }],
    ["a range in another unit", { range: "lines=0-1" }],
    ["several ranges", { range: "bytes=0-1,3-4" }],
    ["a range that ends before it begins", { range: "bytes=4-3" }],
    ["a range that is none", { range: "bytes=-" }],
    ["a range of another one, by its tag", { range: "bytes=0-1", "if-range": '"2"' }],
    ["a range of a weak tag", { range: "bytes=0-1", "if-range": 'W/"1"' }],
    [
      "a range of another one, by its time",
      { range: "bytes=0-1", "if-range": "Wed, 31 Dec 2025 12:00:01 GMT" },
    ],
  ] as [string, Record<string, string>][])("%s", async (_, fields) => {
    const route = await stored();
    const answer = await route.ask("/things", { fields });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("0123456789");
    expect(route.asked).toHaveLength(1);
  });
});

describe("a part of a stored answer", () => {
  test.each([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-99", "0123456789", "bytes 0-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
  ])("%s is a 206", async (range, content, contentRange) => {
    const route = await stored();
    const answer = await route.ask("/things", { fields: { range } });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe(content);
    expect(answer.headers.get("content-range")).toBe(contentRange);
    expect(answer.headers.get("content-type")).toBe("text/plain");
  });

  test.each(["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"])(
    "%s, which it does not have, is a 416",
    async (range) => {
      const route = await stored();
      const answer = await route.ask("/things", { fields: { range } });
      expect(answer.status).toBe(416);
      expect(answer.headers.get("content-range")).toBe("bytes */10");
      expect(await answer.text()).toBe("");
    },
  );

  test.each([['"1"'], [MODIFIED]])("is sent if it is still the one of %s", async (ifRange) => {
    const route = await stored();
    const fields = { range: "bytes=0-1", "if-range": ifRange };
    expect((await route.ask("/things", { fields })).status).toBe(206);
  });

  test("is not sent by a time so late that there may have been a change after it", async () => {
    const late = { ...FIELDS, "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" };
    const route = await stored(late);
    const fields = { range: "bytes=0-1", "if-range": "Thu, 01 Jan 2026 00:00:00 GMT" };
    expect((await route.ask("/things", { fields })).status).toBe(200);
  });

  test("is not for HEAD", async () => {
    const route = await stored();
    const answer = await route.ask("/things", { method: "HEAD", fields: { range: "bytes=0-1" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-length")).toBe("10");
  });

  test("comes from the backend if nothing is stored, and is not stored itself", async () => {
    const route = new CachedRoute().answers({
      status: 206,
      fields: { "cache-control": "max-age=60", "content-range": "bytes 0-1/10" },
      body: "01",
    });
    const fields = { range: "bytes=0-1" };
    expect((await route.ask("/things", { fields })).status).toBe(206);
    expect(route.asked[0]?.outgoing.get("range")).toBe("bytes=0-1");
    expect(route.cache.shelf.entries).toBe(0);
  });
});

test("what is said of a part is not stored for the whole", async () => {
  const route = new CachedRoute();
  for (const status of [404, 416, 503]) {
    route.answers({ status, fields: { "cache-control": "max-age=60" } });
    await route.ask("/things", { fields: { range: "bytes=99-" } });
    expect(route.cache.shelf.entries).toBe(0);
  }
});

test("a condition goes to the backend if nothing is stored", async () => {
  const route = new CachedRoute().answers({ status: 304, fields: { etag: '"1"' }, body: null });
  const answer = await route.ask("/things", { fields: { "if-none-match": '"1"' } });
  expect(answer.status).toBe(304);
  expect(route.asked[0]?.outgoing.get("if-none-match")).toBe('"1"');
  expect(route.cache.shelf.entries).toBe(0);
});
