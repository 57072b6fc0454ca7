import { describe, expect, test } from "bun:test";
import { adminPages } from "../../support/admin-pages.ts";
import { world } from "../runtime/world.ts";

const CONFIG = `
routes:
  - { path: "/a/*", cache: true, backends: ["http://backend.test"] }
  - { path: "/b/*", cache: { max_size: 2MiB }, backends: ["http://backend.test"] }
  - { path: "/c/*", backends: ["http://backend.test"] }`;

/** A gateway that has answered requests for these URLs. */
async function stored(...targets: string[]) {
  let answered = 0;
  const own = world({
    config: CONFIG,
    answer: ({ url }) => {
      answered += 1;
      const { pathname } = new URL(url);
      const tags = pathname.endsWith("tagged") ? "users user-1" : "others";
      const headers = {
        "cache-control": "max-age=60",
        "surrogate-key": tags,
        "content-length": "2",
      };
      return new Response("ok", { headers });
    },
  });
  const { gateway, clock, ask } = own;
  for (const target of targets) await (await ask(target)).text();
  const pages = adminPages({
    snapshot: () => gateway.snapshot,
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    clock,
    onChange: () => {},
  });
  return {
    ask,
    answered: () => answered,
    async shown() {
      const answer = await pages.handle(new Request("http://localhost:9090/admin/cache"));
      return (await answer.json()) as { routes: Record<string, Record<string, number>> };
    },
    async purge(what: unknown) {
      const answer = await pages.handle(
        new Request("http://localhost:9090/admin/cache/purge", {
          method: "POST",
          headers: { host: "localhost:9090", "content-type": "application/json" },
          body: JSON.stringify(what),
        }),
      );
      const text = await answer.text();
      return {
        status: answer.status,
        text,
        json: text.startsWith("{") ? JSON.parse(text) : undefined,
      };
    },
  };
}

test("/admin/cache shows what each cache has and has done", async () => {
  const own = await stored("/a/1", "/a/1", "/a/2", "/b/1", "/c/1");
  const { routes } = await own.shown();
  expect(Object.keys(routes)).toEqual(["/a/*", "/b/*"]);
  expect(routes["/a/*"]).toMatchObject({
    entries: 2,
    max_bytes: 67_108_864,
    hits: 1,
    misses: 2,
    stored: 2,
    evicted: 0,
  });
  expect(routes["/a/*"]?.["bytes"]).toBeGreaterThan(2_000);
  expect(routes["/b/*"]).toMatchObject({ entries: 1, hits: 0, max_bytes: 2_097_152 });
});

describe("a purge", () => {
  const targets = ["/a/1", "/a/1?x=1", "/a/12", "/a/tagged", "/b/1", "http://other.test/a/1"];

  test.each([
    ["of a path with all its queries, on all hosts", { path: "/a/1" }, 3],
    ["of a path with one query", { path: "/a/1?x=1" }, 1],
    ["of a path that is written in another way", { path: "/a/%31" }, 3],
    ["of what begins alike", { prefix: "/a/1" }, 4],
    ["of what begins alike, with the query", { prefix: "/a/1?" }, 1],
    ["by a tag", { tag: "user-1" }, 1],
    ["by a tag that many have", { tag: "others" }, 5],
    ["by a tag that none has", { tag: "user" }, 0],
    ["of everything", { all: true }, 6],
    ["of everything of a route", { all: true, route: "/b/*" }, 1],
    ["of a tag on a route", { tag: "others", route: "/b/*" }, 1],
    ["of everything of a host", { all: true, host: "Other.test" }, 1],
    ["of a tag on a host", { tag: "others", host: "other.test" }, 1],
    ["of a path on a host", { path: "/a/1", host: "gateway.test" }, 2],
  ])("%s", async (_, what, purged) => {
    const own = await stored(...targets);
    expect((await own.purge(what)).json).toEqual({ purged });
    const { routes } = await own.shown();
    const left = (routes["/a/*"]?.["entries"] ?? 0) + (routes["/b/*"]?.["entries"] ?? 0);
    expect(left).toBe(targets.length - purged);
    expect((await own.purge(what)).json).toEqual({ purged: 0 });
  });

  test("has the next request ask the backend", async () => {
    const own = await stored("/a/1");
    await own.purge({ path: "/a/1" });
    await own.ask("/a/1");
    expect(own.answered()).toBe(2);
  });

  test.each([
    [{}, "name exactly one of `path`, `prefix`, `tag` and `all`\n"],
    [{ path: "/a", tag: "b" }, "name exactly one of `path`, `prefix`, `tag` and `all`\n"],
    [{ all: false }, "all: "],
    [{ path: "a" }, "path: "],
    [{ tag: "" }, "tag: "],
    [{ paths: ["/a"] }, "paths: "],
    [
      { all: true, route: "/c/*" },
      "no route `/c/*` has a cache; those that have one: /a/*, /b/*\n",
    ],
    ["everything", "the content: "],
    [[], "the content: "],
  ])("by %j is refused with a reason, and removes nothing", async (what, reason) => {
    const own = await stored(...targets);
    const { status, text } = await own.purge(what);
    expect(status).toBe(422);
    expect(text).toStartWith(reason);
    expect((await own.shown()).routes["/a/*"]?.["entries"]).toBe(5);
  });
});
