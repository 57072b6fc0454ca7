import { describe, expect, test } from "bun:test";
import { openExchange } from "../pipeline/opening.ts";
import { retireSnapshot, world } from "./world.ts";

const AB = `backends: ["http://a.test", "http://b.test"]`;

/** A gateway whose configuration is replaced while it runs. */
function reloading(config: string) {
  const all = world({ config });
  return {
    ...all,
    reload: (text: string) => {
      const before = all.gateway.snapshot;
      all.gateway.swap(all.compile(text));
      retireSnapshot(before);
    },
    statuses: async (path: string, count: number) => {
      const statuses: number[] = [];
      for (let sent = 0; sent < count; sent += 1) statuses.push((await all.ask(path)).status);
      return statuses;
    },
    backends: (route = 0) => all.gateway.snapshot.routes[route]!.upstreams[0]!.backends,
  };
}

const route = (path: string, more: string) => `routes: [{ path: ${path}, ${more} }]`;

describe("a reload", () => {
  test("leaves an unchanged limit as empty as it was, at the top and of a route", async () => {
    const limits = (extra: string) => `
      rate_limiting: { requests_per_second: 1/h, burst: 3 }
      routes:
        - { path: /a, ${AB}, rate_limit: { requests_per_second: 1/h, burst: 1 } }
        - { path: /b, ${AB} }
        ${extra}`;
    const { reload, statuses } = reloading(limits(""));
    expect(await statuses("/a", 2)).toEqual([200, 429]);
    reload(limits(`- { path: /c, ${AB} }`));
    expect(await statuses("/a", 1)).toEqual([429]);
    expect(await statuses("/c", 3)).toEqual([200, 200, 429]);
  });

  test("begins a limit again that it changes, and so does a route of another path", async () => {
    const limited = (path: string, limit: string) => route(path, `${AB}, rate_limit: ${limit}`);
    const { reload, statuses } = reloading(limited("/a", "1/h"));
    expect(await statuses("/a", 2)).toEqual([200, 429]);
    reload(limited("/a", "2/h"));
    expect(await statuses("/a", 3)).toEqual([200, 200, 429]);
    reload(limited("/b", "2/h"));
    expect(await statuses("/b", 3)).toEqual([200, 200, 429]);
  });

  test("keeps each client's limit", async () => {
    const limited = (more: string) =>
      `${more}\nrate_limiting: { requests_per_second: 1/h, burst: 1, key: client_ip }\n${route("/a", AB)}`;
    const { peer, reload, statuses } = reloading(limited(""));
    expect(await statuses("/a", 2)).toEqual([200, 429]);
    reload(limited("cors: { enabled: true }"));
    expect(await statuses("/a", 1)).toEqual([429]);
    peer.address = "192.0.2.2";
    expect(await statuses("/a", 1)).toEqual([200]);
  });

  test("lets the balancer of an unchanged upstream go on where it stands", async () => {
    const { ask, sent, reload } = reloading(route("/a", AB));
    await ask("/a");
    reload(`cors: { enabled: true }\n${route("/a", AB)}`);
    await ask("/a");
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(["a.test", "b.test"]);
  });

  test("keeps the requests in flight at a backend, also when the rest of its upstream changes", () => {
    const one = (more: string) =>
      route("/a", `backends: [{ url: "http://a.test", max_in_flight: 1 }, ${more}]`);
    const { gateway, reload, backends } = reloading(one(`"http://b.test"`));
    const [busy] = backends();
    busy!.inFlight += 1;
    reload(one(`"http://c.test"`));
    const [still] = backends();
    expect(still?.isFull).toBe(true);
    const [upstream] = gateway.snapshot.routes[0]!.upstreams;
    expect(upstream?.backends.map(({ url }) => url)).toEqual(["http://a.test", "http://c.test"]);
    busy!.inFlight -= 1;
    expect(still?.isFull).toBe(false);
  });

  test("gives routes of a named upstream one pool, with its requests in flight and its turns", () => {
    const { gateway } = world({
      config: `upstreams: { both: { ${AB} } }
routes: [{ path: /a, upstream: both }, { path: /b, upstream: both }]`,
    });
    const [a, b] = gateway.snapshot.routes.map(({ upstreams }) => upstreams[0]);
    expect(a).toBe(b);
    const picked = [a, b].map((upstream) => upstream!.pick(openExchange())?.url);
    expect(picked).toEqual(["http://a.test", "http://b.test"]);
  });

  test("gives each route its own requests in flight and its own turns", () => {
    const { gateway } = world({
      config: `routes: [{ path: /a, ${AB} }, { path: /b, ${AB} }]`,
    });
    const [a, b] = gateway.snapshot.routes.map(({ upstreams }) => upstreams[0]);
    a!.backends[0]!.inFlight += 1;
    expect(b!.backends[0]!.inFlight).toBe(0);
    const picked = [a, b].map((upstream) => upstream!.pick(openExchange())?.url);
    expect(picked).toEqual(["http://a.test", "http://a.test"]);
  });

  test("keeps ejections and circuit breakers while their settings stay, also when backends come and go", () => {
    const states = (backends: string, more = "") =>
      route(
        "/a",
        `backends: [${backends}], ejection: { failures: 1 }, circuit_breaker: { consecutive_failures: 1${more} }`,
      );
    const { gateway, reload, backends, lifetimes } = reloading(
      states(`"http://a.test", "http://b.test"`),
    );
    const [upstream] = gateway.snapshot.routes[0]!.upstreams;
    const failed = { failure: "reset", status: 0, milliseconds: 1, detail: "gone" } as const;
    upstream!.observer?.attempted(backends()[0]!, failed);
    backends()[1]!.breaker?.ended(backends()[1]!.breaker!.began(), failed);
    const seen = () =>
      backends().map(({ url, ejection, breaker }) => [
        new URL(url).hostname[0],
        ejection?.isEjected,
        breaker?.state,
      ]);
    reload(states(`"http://c.test", "http://b.test", { url: "http://a.test", weight: 7 }`));
    expect(seen()).toEqual([
      ["c", false, "closed"],
      ["b", false, "open"],
      ["a", true, "closed"],
    ]);
    reload(states(`"http://a.test", "http://b.test"`, ", open_for: 1m"));
    expect(seen()).toEqual([
      ["a", true, "closed"],
      ["b", false, "closed"],
    ]);
    retireSnapshot(gateway.snapshot);
    expect(lifetimes.size).toBe(0);
  });

  test("leaves no state behind that no snapshot uses", () => {
    const { lifetimes, gateway, reload } = reloading(route("/a", `${AB}, rate_limit: 5`));
    const before = lifetimes.size;
    for (let id = 0; id < 20; id += 1) {
      reload(route(`/r${id}`, `backends: ["http://x${id}.test", "http://y.test"], rate_limit: 5`));
      expect(lifetimes.size).toBe(before);
    }
    retireSnapshot(gateway.snapshot);
    expect(lifetimes.size).toBe(0);
  });

  test("that fails leaves nothing behind", () => {
    const { lifetimes, monitor, compile } = world();
    const before = lifetimes.size;
    const acquire = monitor.acquire.bind(monitor);
    let acquired = 0;
    Object.assign(monitor, {
      acquire(...settings: Parameters<typeof acquire>) {
        acquired += 1;
        if (acquired === 4) throw new Error("no more");
        return acquire(...settings);
      },
    });
    const config = `routes: [{ path: /a, ${AB}, rate_limit: 5 }, { path: /b, ${AB} }]`;
    expect(() => compile(config)).toThrow("no more");
    expect(lifetimes.size).toBe(before);
  });
});

describe("a reload leaves stored answers", () => {
  const cached = (more: string) => route("/*", `cache: true, backends: ["http://a.test"]${more}`);

  test.each([
    ["as they are if the backends change", `, health_check: { interval: 5s }`, 1],
    ["as they are if a timeout changes", `, timeouts: { idle: 1m }`, 1],
    ["as they are if a limit changes", `, rate_limit: 100`, 1],
    [
      "behind if answers are changed in another way",
      `, response: { headers: { remove: [x-a] } }`,
      2,
    ],
    ["behind if requests are", `, request: { headers: { set: { x-a: "1" } } }`, 2],
    ["behind if paths are", `, strip_prefix: /a`, 2],
    ["behind if the cache is another one", `, name: other`, 2],
  ])("%s", async (_, more, asked) => {
    const own = world({
      config: cached(""),
      answer: () =>
        new Response("ok", { headers: { "cache-control": "max-age=60", "content-length": "2" } }),
    });
    await own.ask("/a/b");
    const before = own.gateway.snapshot;
    own.gateway.swap(own.compile(cached(more)));
    retireSnapshot(before);
    await own.ask("/a/b");
    expect(own.sent).toHaveLength(asked);
  });
});
