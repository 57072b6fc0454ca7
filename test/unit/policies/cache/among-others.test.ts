import { describe, expect, test } from "bun:test";
import { configFrom, world } from "../../runtime/world.ts";

const FRESH = { "cache-control": "max-age=60", "content-length": "2" };

/** A gateway with one route, and what its backend was asked. */
function gatewayWith(route: string, headers: Record<string, string> = {}) {
  return world({
    config: `routes: [{ path: "/*", backends: ["http://backend.test"], ${route} }]`,
    answer: () => new Response("ok", { headers: { ...FRESH, ...headers } }),
  });
}

describe("policies before the cache run for stored answers too", () => {
  test("each origin gets its own CORS fields", async () => {
    const cors = `cors: { allowed_origins: ["https://a.test", "https://b.test"] }`;
    const { ask, sent } = gatewayWith(`cache: true, ${cors}`);
    for (const origin of ["https://a.test", "https://b.test", "https://c.test"]) {
      const allowed = (await ask("/a", { headers: { origin } })).headers.get(
        "access-control-allow-origin",
      );
      expect(allowed).toBe(origin === "https://c.test" ? null : origin);
    }
    expect(sent).toHaveLength(1);
  });

  test("limits count them", async () => {
    const limit = "rate_limit: { requests_per_second: 1, burst: 2 }";
    const { ask, sent } = gatewayWith(`cache: true, ${limit}`);
    const answers = [await ask("/a"), await ask("/a"), await ask("/a")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[1]?.headers.get("ratelimit")).toContain("r=0");
    expect(sent).toHaveLength(1);
  });

  test("a stored answer is compressed for those who accept that, and not for others", async () => {
    const own = world({
      config: `routes: [{ path: "/*", backends: ["http://backend.test"], cache: true, compress: { min_size: 1B } }]`,
      answer: () => {
        const headers = {
          ...FRESH,
          "content-type": "text/plain",
          etag: '"1"',
          "content-length": "2000",
        };
        return new Response("a".repeat(2_000), { headers });
      },
    });
    const accepting = { "accept-encoding": "gzip" };
    await (await own.ask("/a")).text();
    const compressed = await own.ask("/a", { headers: accepting });
    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    expect(compressed.headers.get("etag")).toBe('W/"1"');
    const plain = await own.ask("/a");
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe("a".repeat(2_000));
    const known = { ...accepting, "if-none-match": 'W/"1"' };
    expect((await own.ask("/a", { headers: known })).status).toBe(304);
    expect(own.sent).toHaveLength(1);
  });
});

describe("what policies after the cache make is stored", () => {
  test("a changed answer is changed once", async () => {
    const response = `response: { headers: { remove: [x-secret], set: { x-seen: "1" } } }`;
    const { ask, sent } = gatewayWith(`cache: true, ${response}`, { "x-secret": "1" });
    for (const _ of [1, 2]) {
      const { headers } = await ask("/a");
      expect([headers.get("x-secret"), headers.get("x-seen")]).toEqual([null, "1"]);
    }
    expect(sent).toHaveLength(1);
  });

  test("a rewriting by a client's field tells clients apart", async () => {
    const { ask, sent } = gatewayWith(`cache: true, rewrite: "/of/{header.x-tenant}"`);
    for (const tenant of ["a", "b", "a", "b"]) {
      await ask("/list", { headers: { "x-tenant": tenant } });
    }
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(["/of/a", "/of/b"]);
  });

  test("a split by a client's field tells clients apart", async () => {
    const own = world({
      config: `
upstreams: { old: { backends: ["http://old.test"] }, new: { backends: ["http://new.test"] } }
routes:
  - path: /*
    cache: true
    split: [{ upstream: new, weight: 0, when: { header: { x-canary: "1" } } }, { upstream: old, weight: 1 }]`,
      answer: ({ url }) =>
        new Response(new URL(url).host, { headers: { ...FRESH, "content-length": "8" } }),
    });
    const canary = { headers: { "x-canary": "1" } };
    expect(await (await own.ask("/a", canary)).text()).toBe("new.test");
    expect(await (await own.ask("/a")).text()).toBe("old.test");
    expect(await (await own.ask("/a", canary)).text()).toBe("new.test");
    expect(own.sent).toHaveLength(2);
  });
});

test("routes without a cache take no part, unless they change what others store", async () => {
  const own = world({
    config: `
routes:
  - { path: "/*", methods: [GET], cache: true, backends: ["http://backend.test"] }
  - { path: "/*", methods: [POST], backends: ["http://backend.test"] }`,
    answer: () => new Response("ok", { headers: FRESH }),
  });
  await own.ask("/a");
  const posted = await own.ask("/a", { method: "POST" });
  expect(posted.headers.get("cache-status")).toBeNull();
  await own.ask("/a");
  expect(own.sent).toHaveLength(3);

  const none = world();
  expect(none.gateway.snapshot.unrouted.policies).toEqual([]);
});

test("a cache under `defaults` can be turned off by a route", async () => {
  const own = world({
    config: `
defaults: { cache: { ttl: 1m } }
routes:
  - { path: /a, backends: ["http://backend.test"] }
  - { path: /b, cache: false, backends: ["http://backend.test"] }`,
    answer: () => new Response("ok", { headers: { "content-length": "2" } }),
  });
  for (const path of ["/a", "/a", "/b", "/b"]) await own.ask(path);
  expect(own.sent.map(({ url }) => new URL(url).pathname)).toEqual(["/a", "/b", "/b"]);
});

test.each([
  ["yes", "write `true`"],
  ["5m", "write `{ ttl: 5m }`"],
  ["64MiB", "write `{ max_size: 64MiB }`"],
  ["{ max_entry: 40MiB }", "`max_entry` is more than half of `max_size`"],
  ['{ vary_by: ["a b"] }', "`a b` is neither a field's name nor a text with placeholders"],
  ['{ vary_by: ["{request.id}"] }', "no two requests have the same `{request.id}`"],
])("`cache: %s` is an error that says what to write", (written, message) => {
  const text = `routes: [{ path: /a, backends: ["http://a.test"], cache: ${written} }]`;
  expect(() => configFrom(text)).toThrow(message);
});
