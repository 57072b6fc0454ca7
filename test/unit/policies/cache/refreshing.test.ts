import { describe, expect, test } from "bun:test";
import { IncomingContent } from "../../../../src/pipeline/incoming-content.ts";
import { CachedRoute, statusOf } from "./cached.ts";

const FIELDS = { "cache-control": "max-age=60, stale-while-revalidate=30", etag: '"1"' };

async function settle(): Promise<void> {
  for (let at = 0; at < 20; at += 1) await Promise.resolve();
}

async function stale(fields: Record<string, string> = FIELDS): Promise<CachedRoute> {
  const route = new CachedRoute().answers({ fields });
  await route.ask();
  route.clock.advance(60_000);
  return route;
}

describe("a stale answer that may be used while a new one is fetched", () => {
  test("is used at once, and the next client gets the new one", async () => {
    const route = await stale();
    const answer = await route.ask();
    expect(await answer.text()).toBe("content 1");
    expect(statusOf(answer)).toBe("hit; ttl=0");
    await settle();
    expect(route.asked).toHaveLength(2);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });

  test("is not used any longer than it says", async () => {
    const route = await stale();
    route.clock.advance(30_000);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });

  test.each(["must-revalidate", "proxy-revalidate", "no-cache"])(
    "is not used with %s",
    async (said) => {
      const route = await stale({
        ...FIELDS,
        "cache-control": `${FIELDS["cache-control"]}, ${said}`,
      });
      expect(await route.contents(1)).toEqual(["content 2"]);
    },
  );

  test.each(["max-age=0", "s-maxage=0", "max-age=60"])(
    "is stored for that, even if it is stale when it comes: %s",
    async (said) => {
      const fields = {
        "cache-control": `${said}, stale-while-revalidate=30`,
        ...(said === "max-age=60" && { age: "70" }),
      };
      const route = new CachedRoute().answers({ fields });
      expect(await route.contents(1)).toEqual(["content 1"]);
      expect(await route.contents(1)).toEqual(["content 1"]);
      await settle();
      expect(await route.contents(1)).toEqual(["content 2"]);
      route.clock.advance(30_000);
      await settle();
      expect(await route.contents(1)).toEqual(["content 4"]);
    },
  );

  test("is used with s-maxage, which the same answer says", async () => {
    const route = await stale({ "cache-control": "s-maxage=60, stale-while-revalidate=30" });
    expect(await route.contents(1)).toEqual(["content 1"]);
  });

  test("is fetched once, whole, and without what one client has or wants", async () => {
    const route = await stale();
    const fields = {
      range: "bytes=0-1",
      "if-none-match": '"of the client"',
      "x-kind": "a",
    };
    const part = await route.ask("/things", { method: "GET", fields });
    expect(part.status).toBe(206);
    await route.ask("/things", { method: "HEAD" });
    await settle();
    expect(route.asked).toHaveLength(2);
    const refresh = route.asked[1]!;
    const sent = (name: string) => refresh.outgoing.get(name);
    expect(refresh.outgoing.method).toBe("GET");
    expect([sent("range"), sent("if-none-match"), sent("x-kind")]).toEqual([null, '"1"', "a"]);
  });

  test("is not fetched again and again for users whose answers are not stored", async () => {
    const route = await stale();
    for (let at = 0; at < 5; at += 1) {
      const fields = { authorization: "Bearer a" };
      expect(await route.contents(1, "/things", { fields })).toEqual(["content 1"]);
      await settle();
    }
    expect(route.asked).toHaveLength(2);
    expect(route.cache.shelf.entries).toBe(1);
  });

  test("stays if it is confirmed", async () => {
    const route = await stale();
    route.answers({ status: 304, fields: FIELDS, body: null });
    await route.ask();
    await settle();
    route.answers({});
    const answer = await route.ask();
    expect(await answer.text()).toBe("content 1");
    expect(statusOf(answer)).toBe("hit; ttl=60");
  });

  test("stays through errors of the backend", async () => {
    const route = await stale();
    route.answers({ status: 503 });
    for (let at = 0; at < 3; at += 1) {
      expect(await route.contents(1)).toEqual(["content 1"]);
      await settle();
    }
    expect(route.asked).toHaveLength(4);
  });

  test("is replaced by content that arrives piece by piece, though no client reads it", async () => {
    const route = await stale();
    const content = new IncomingContent(10, { pause() {}, resume() {}, abandon() {} });
    route.answers({ fields: FIELDS, body: content });
    await route.ask();
    await settle();
    content.push(Buffer.from("01234"));
    content.push(Buffer.from("56789"));
    content.finish();
    await settle();
    expect(await route.contents(1)).toEqual(["0123456789"]);
    expect(route.clock.pending).toBe(0);
  });

  test("is fetched by an exchange that ends, whoever holds something for it", async () => {
    const route = await stale();
    let ended = 0;
    route.answers((exchange) => {
      exchange.held = { end: () => (ended += 1) };
      return { fields: FIELDS };
    });
    await route.ask();
    await settle();
    expect(ended).toBe(1);
    expect(route.asked[1]?.clientConnection?.isOpen).toBe(false);
  });
});
