import { describe, expect, test } from "bun:test";
import { adminPages } from "../../support/admin-pages.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { turn } from "../proxy/network.ts";
import { world } from "./world.ts";

const CONFIG = `upstreams:
  one: { backends: ["http://one.test"] }
  two: { backends: ["http://two.test"], preserve_host: false }
routes:
  - name: divided
    path: /*
    split: [{ upstream: one, weight: 1 }, { upstream: two, weight: 0, when: { query: { v: "2" } } }]
    mirror: { upstream: two, percent: 100% }
  - { path: /plain, upstream: one }
`;

function divided() {
  const all = world({ config: CONFIG });
  const changes: string[] = [];
  const pages = adminPages({
    snapshot: () => all.gateway.snapshot,
    onChange: (message) => changes.push(message),
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    clock: new FakeClock(),
  });
  const page = async (path: string, body?: object) => {
    const answer = await pages.handle(
      new Request(`http://localhost:9090/admin${path}`, {
        ...(body !== undefined && {
          method: "POST",
          headers: { "content-type": "application/json", host: "localhost:9090" },
          body: JSON.stringify(body),
        }),
      }),
    );
    const text = await answer.text();
    return answer.ok ? (JSON.parse(text) as unknown) : `${answer.status} ${text.trim()}`;
  };
  const sentTo = async (target: string) => {
    all.sent.length = 0;
    await all.ask(target);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    return all.sent.map(({ url, headers }) => `${url} ${headers.get("x-mirrored") ?? "itself"}`);
  };
  return { ...all, changes, page, sentTo };
}

describe("a route with a split and a mirror", () => {
  test("sends each request to one upstream, and a copy to the other", async () => {
    const { sentTo, page, records } = divided();
    expect(await sentTo("/a")).toEqual(["http://one.test/a itself", "http://two.test/a true"]);
    expect(await sentTo("/a?v=2")).toEqual([
      "http://two.test/a?v=2 itself",
      "http://two.test/a?v=2 true",
    ]);
    expect(records.map(({ upstream }) => upstream)).toEqual(["one", "two"]);
    expect(await page("/mirrors")).toEqual({
      mirrors: {
        divided: [{ upstream: "two", answered: 2, failed: 0, too_large: 0, dropped: 0 }],
      },
    });
  });

  test("has its weights shown, and changed until the configuration changes them", async () => {
    const { sentTo, page, changes } = divided();
    const weights = { one: 0, two: 3 };
    expect(await page("/splits", { route: "divided", weights })).toMatchObject({
      divided: [
        { upstream: "one", weight: 0, configured_weight: 1 },
        { upstream: "two", weight: 3, configured_weight: 0 },
      ],
    });
    expect(changes).toEqual(["the weights of route divided were changed: one 0, two 3"]);
    expect((await sentTo("/a"))[0]).toBe("http://two.test/a itself");
    expect(await page("/splits")).toMatchObject({
      splits: { divided: [{ requests: 0 }, { requests: 1 }] },
    });
  });

  test.each([
    [
      { route: "/plain", weights: { one: 1 } },
      "404 the route /plain has no split; routes with one",
    ],
    [{ route: "divided", weights: { three: 1 } }, "422 weights: three is not an upstream"],
    [{ route: "divided", weights: { one: 0 } }, "422 weights: at least one weight must be above 0"],
    [{ route: "divided", weights: { one: 0.5 } }, "422 "],
  ])("keeps its weights after %p", async (change, refusal) => {
    const { page } = divided();
    expect(await page("/splits", change)).toStartWith(refusal);
    expect(await page("/splits")).toMatchObject({
      splits: { divided: [{ weight: 1 }, { weight: 0 }] },
    });
  });
});
