import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { adminPages } from "../../support/admin-pages.ts";
import { createStage } from "../../support/stage.ts";
import { retireSnapshot, world } from "../runtime/world.ts";

const stage = createStage();

const IN_2100 = Date.UTC(2100, 0, 1);

const ROUTES = `
routes:
  - path: /users/*
    respond: { body: ok }
    quota: { name: api, limit: 10, per: month, key: "{header.x-tenant}" }
  - path: /orders/*
    respond: { body: ok }
    quota:
      - { name: api, limit: 10, per: month, key: "{header.x-tenant}", cost: 2 }
      - { limit: 100, per: day, time_zone: Europe/Berlin, key: all }
`;

function quotaPages(routes = ROUTES) {
  const { gateway, clock, ask } = world({
    config: `logging: { database: "${join(stage.folder(), "gateway.db")}" }\n${routes}`,
  });
  stage.defer(() => retireSnapshot(gateway.snapshot));
  // The file's worker has a clock of its own, and deletes the counts of periods that are over by it.
  clock.advance(IN_2100 - clock.wall());
  const lines: string[] = [];
  const pages = adminPages({
    snapshot: () => gateway.snapshot,
    onChange: (message) => lines.push(message),
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    clock,
  });
  const list = async (query = "") => {
    const answer = await pages.handle(new Request(`http://localhost:9090/admin/quotas${query}`));
    return (await answer.json()) as {
      quotas: object[];
      counts: { quota: string; key: string; used: number }[];
      next: string | null;
      complete: boolean;
    };
  };
  const post = (content: unknown) =>
    pages.handle(
      new Request("http://localhost:9090/admin/quotas", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(content),
      }),
    );
  const change = async (content: object) => {
    const answer = await post({ quota: "api", key: "acme", ...content });
    return [answer.status, answer.status === 200 ? await answer.json() : await answer.text()];
  };
  const use = async (path: string, tenant: string, times = 1) => {
    const statuses: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const answer = await ask(path, { headers: { "x-tenant": tenant } });
      await answer.text();
      statuses.push(answer.status);
    }
    return statuses;
  };
  return { list, post, change, use, lines, clock };
}

const keysOf = ({ counts }: { counts: { quota: string; key: string; used: number }[] }) =>
  counts.map(({ quota, key, used }) => `${quota} ${key} ${used}`);

describe("GET /admin/quotas", () => {
  test("lists quotas with their routes, and what keys have used, most first", async () => {
    const { list, use } = quotaPages();
    await use("/users/1", "acme", 3);
    await use("/orders/1", "globex", 2);
    await use("/orders/1", "acme");
    expect(await list()).toEqual({
      quotas: [
        {
          name: "api",
          per: "month",
          time_zone: "UTC",
          counts_by: "{header.x-tenant}",
          limit: 10,
          routes: ["/users/*", "/orders/*"],
          period_begins: "2100-01-01T00:00:00.000Z",
          period_ends: "2100-02-01T00:00:00.000Z",
        },
        {
          name: "/orders/*",
          per: "day",
          time_zone: "Europe/Berlin",
          counts_by: "all",
          limit: 100,
          routes: ["/orders/*"],
          period_begins: "2099-12-31T23:00:00.000Z",
          period_ends: "2100-01-01T23:00:00.000Z",
        },
      ],
      counts: [
        {
          quota: "api",
          per: "month",
          counts_by: "{header.x-tenant}",
          key: "acme",
          used: 5,
          limit: 10,
          granted: 0,
          remaining: 5,
          period_ends: "2100-02-01T00:00:00.000Z",
        },
        expect.objectContaining({ quota: "api", key: "globex", used: 4 }),
        expect.objectContaining({ quota: "/orders/*", key: "all", used: 3, remaining: 97 }),
      ],
      next: null,
      complete: true,
    });
  });

  test("filters by quota, route, period and key, and pages", async () => {
    const { list, use } = quotaPages();
    await use("/orders/1", "acme", 2);
    await use("/orders/1", "globex");
    expect(keysOf(await list("?quota=api"))).toEqual(["api acme 4", "api globex 2"]);
    expect(keysOf(await list("?per=day"))).toEqual(["/orders/* all 3"]);
    expect(keysOf(await list("?route=/users/*&key=globex"))).toEqual(["api globex 2"]);
    expect(await list("?quota=none")).toMatchObject({ quotas: [], counts: [], next: null });
    const first = await list("?limit=2");
    expect(keysOf(first)).toEqual(["api acme 4", "/orders/* all 3"]);
    expect(first.next).toBe("2");
    const second = await list(`?limit=2&cursor=${first.next}`);
    expect([keysOf(second), second.next]).toEqual([["api globex 2"], null]);
    expect(await list("?limit=0")).toMatchObject({ counts: [], next: null });
  });

  test("has nothing without quotas", async () => {
    const { list, post } = quotaPages(`routes: [{ path: /*, respond: { body: ok } }]`);
    expect(await list()).toEqual({ quotas: [], counts: [], next: null, complete: true });
    expect(await (await post({ key: "a", used: 1 })).text()).toBe("no route has a quota\n");
  });
});

describe("POST /admin/quotas", () => {
  test("changes what a key has used, grants it more, and begins its period anew", async () => {
    const { change, use, list, lines, clock } = quotaPages();
    await use("/users/1", "acme", 3);
    expect(await change({ used: 9 })).toEqual([
      200,
      {
        before: { used: 3, granted: 0 },
        after: expect.objectContaining({ key: "acme", used: 9, remaining: 1 }),
        saved: true,
      },
    ]);
    expect(await use("/users/1", "acme", 2)).toEqual([200, 429]);
    await change({ grant: 2 });
    expect(await use("/users/1", "acme", 3)).toEqual([200, 200, 429]);
    expect((await list("?key=acme")).counts).toMatchObject([
      { used: 12, granted: 2, remaining: 0 },
    ]);
    await change({ grant: -5 });
    await change({ reset: true });
    expect((await list("?key=acme")).counts).toMatchObject([{ used: 0, granted: 0 }]);
    expect(await use("/users/1", "acme", 11)).toEqual([...Array<number>(10).fill(200), 429]);
    expect(lines).toEqual([
      "quota api per month: acme was set from 3 used to 9 used",
      "quota api per month: acme was set from 10 used to 10 used and 2 granted",
      "quota api per month: acme was set from 12 used and 2 granted to 12 used",
      "quota api per month: acme was set from 12 used to 0 used",
    ]);
    // What was granted is for one period.
    await change({ grant: 5 });
    clock.advance(40 * 86_400_000);
    expect((await list("?key=acme")).counts).toEqual([]);
    expect(await use("/users/1", "acme", 11)).toEqual([...Array<number>(10).fill(200), 429]);
  });

  test.each([
    [{}, 422, "name exactly one of `used`, `grant` and `reset`\n"],
    [{ used: 1, reset: true }, 422, "name exactly one of `used`, `grant` and `reset`\n"],
    [{ used: -1 }, 422, "used: Expected integer to be greater or equal to 0\n"],
    [{ used: "1" }, 422, "used: Expected integer\n"],
    [
      { quota: "other", used: 1 },
      404,
      "there is no such quota; quotas: api per month, /orders/* per day\n",
    ],
    [
      { quota: "api", per: "day", used: 1 },
      404,
      "there is no such quota; quotas: api per month, /orders/* per day\n",
    ],
    [
      { quota: undefined, used: 1 },
      422,
      "several quotas are meant; name one by `quota` and `per`: api per month, /orders/* per day\n",
    ],
    [{ used: 1, more: 2 }, 422, "more: Unexpected property\n"],
  ])("refuses %p", async (content, status, message) => {
    const { change, lines } = quotaPages();
    expect(await change(content)).toEqual([status, message]);
    expect(lines).toEqual([]);
  });
});
