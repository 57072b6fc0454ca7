import { describe, expect, test } from "bun:test";
import { compileInSteps, compileSnapshot } from "../../../src/runtime/snapshot/compile.ts";
import { retireInSteps } from "../../../src/runtime/snapshot/retire.ts";
import { runThrough } from "../../../src/time/slices.ts";
import { openExchange } from "../pipeline/opening.ts";
import { configFrom, retireSnapshot, world } from "./world.ts";

const backends = `backends: ["http://backend.test"]`;

describe("a snapshot", () => {
  test("names routes by their paths, and by methods too where they share one", () => {
    const { compile } = world();
    const { routes } = compile(`routes:
      - { path: /a, methods: [GET, HEAD], ${backends} }
      - { path: /a, ${backends} }
      - { path: /b, methods: [GET], ${backends} }`);
    expect(routes.map(({ id }) => id)).toEqual(["GET,HEAD /a", "* /a", "/b"]);
  });

  test("matches a route's path in whatever spelling it stands in the configuration", async () => {
    const { ask, records } = world({ config: `routes: [{ path: "/%7euser", ${backends} }]` });
    expect((await ask("/~user")).status).toBe(200);
    expect((await ask("/%7Euser")).status).toBe(200);
    expect(records.map(({ route }) => route)).toEqual(["/%7euser", "/%7euser"]);
  });

  test("has a route's own CORS stand in place of the global one", async () => {
    const { ask } = world({
      config: `
        cors: { enabled: true, allowed_origins: ["*"] }
        routes:
          - { path: /shared, ${backends} }
          - { path: /own, ${backends}, cors: { enabled: true, allowed_origins: ["http://own.test"] } }`,
    });
    const headers = { origin: "http://own.test" };
    const allowed = async (path: string) =>
      (await ask(path, { headers })).headers.get("access-control-allow-origin");
    expect(await allowed("/shared")).toBe("*");
    expect(await allowed("/own")).toBe("http://own.test");
  });

  test("applies a route's own limit in addition to the global one, which all routes share", async () => {
    const { ask } = world({
      config: `
        rate_limiting: { enabled: true, requests_per_second: 1, burst: 3 }
        routes:
          - { path: /a, ${backends}, rate_limit: 1 }
          - { path: /b, ${backends} }`,
    });
    const statuses: number[] = [];
    for (const path of ["/a", "/a", "/b", "/b", "/b"]) statuses.push((await ask(path)).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(2);
    expect(statuses.slice(0, 3)).toEqual([200, 429, 200]);
    expect(statuses[4]).toBe(429);
  });

  test("shares a backend's health with its successor", () => {
    const { compile } = world();
    const text = `routes: [{ path: /a, backends: ["http://kept.test", "http://gone.test"] }]`;
    const first = compile(text);
    const kept = first.routes[0]?.upstreams[0]?.backends[0]?.health;
    const second = compile(`routes: [{ path: /b, backends: ["http://kept.test"] }]`);
    retireSnapshot(first);
    expect(second.routes[0]?.upstreams[0]?.backends[0]?.health).toBe(kept);
    const third = compile(text);
    expect(third.routes[0]?.upstreams[0]?.backends[0]?.health).toBe(kept);
    expect(third.routes[0]?.upstreams[0]?.backends[1]?.health).not.toBe(
      first.routes[0]?.upstreams[0]?.backends[1]?.health,
    );
  });

  test("has routes with the same TLS settings share one object for each backend", () => {
    const { compile } = world();
    const https = `backends: ["https://backend.test"], tls: { server_name: other.test }`;
    const { routes } = compile(`routes:
      - { path: /a, ${https} }
      - { path: /b, ${https} }
      - { path: /c, backends: ["https://backend.test"] }
      - { path: /d, ${backends} }`);
    const [a, b, c, d] = routes.map(({ upstreams }) => upstreams[0]?.backends[0]?.to.tls);
    expect(a).toMatchObject({ serverName: "other.test" });
    expect(b).toBe(a);
    expect(c).toMatchObject({ serverName: "backend.test" });
    expect(d).toBeUndefined();
  });

  test("gives a route whose checks differ its own health", () => {
    const { compile } = world();
    const { routes } = compile(`routes:
      - { path: /a, ${backends} }
      - { path: /b, ${backends} }
      - { path: /c, ${backends}, health_check: { path: /status } }`);
    const [first, second, third] = routes.map(({ upstreams }) => upstreams[0]?.backends[0]?.health);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
  });
});

describe("compiling in steps", () => {
  test("comes to the same as compiling at once", () => {
    const { services } = world();
    const config = configFrom(`routes:
      - { path: /a, ${backends} }
      - { path: "/b/:id", ${backends}, rate_limit: 5 }`);
    const steps = compileInSteps(config, services);
    let paused = 0;
    let step = steps.next();
    while (step.done !== true) {
      paused += 1;
      step = steps.next();
    }
    expect(paused).toBeGreaterThanOrEqual(config.routes.length);
    expect(step.value.routes.map(({ id }) => id)).toEqual(["/a", "/b/:id"]);
    expect(
      step.value.table.match("GET", openExchange({ url: "http://gateway.test/b/1" })).kind,
    ).toBe("route");
  });

  test("that fails in the middle leaves no health check behind", () => {
    const { services, monitor, clock } = world();
    monitor.start();
    const before = clock.pending;
    const key = "/nowhere/key.pem";
    const text = `routes:
      - { path: /a, backends: ["http://other.test"] }
      - { path: /b, backends: ["https://third.test"] }`;
    const config = configFrom(text);
    const [first, second] = config.routes;
    const broken = { ...second!, tls: { ca: key, insecure_skip_verify: false } };
    expect(() => compileSnapshot({ ...config, routes: [first!, broken] }, services)).toThrow(key);
    expect(clock.pending).toBe(before);
  });

  test("and retiring in steps gives back all health checks", () => {
    const { compile, monitor, clock } = world();
    monitor.start();
    const before = clock.pending;
    const snapshot = compile(`routes: [{ path: /x, backends: ["http://other.test"] }]`);
    expect(clock.pending).toBeGreaterThan(before);
    runThrough(retireInSteps(snapshot));
    expect(clock.pending).toBe(before);
  });
});
