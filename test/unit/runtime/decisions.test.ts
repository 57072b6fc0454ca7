import { describe, expect, test } from "bun:test";
import type { Decisions, KeptFields } from "../../../src/pipeline/decisions/decisions.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { AttemptError } from "../../../src/transport/attempt-error.ts";
import { world, type WorldOptions } from "./world.ts";

function decisionsOf(records: readonly ExchangeRecord[]): Decisions {
  return JSON.parse(records.at(-1)?.decisions ?? "") as Decisions;
}

function started(options: WorldOptions) {
  const started = world(options);
  started.clock.advance(1_000);
  return started;
}

/** Two routes, one of which is there for some requests only. */
const TWO = `
routes:
  - { path: "/api/*", backends: ["http://backend.test:9001"] }
  - { path: "/api/users", methods: [POST], name: create, backends: ["http://backend.test:9001"] }`;

describe("decisions", () => {
  test("of a good request are not kept, and nothing is noted besides", async () => {
    const { ask, records } = started({});
    await ask("/api/a");
    expect(records).toMatchObject([{ decisions: "", requestFields: "", responseFields: "" }]);
  });

  test("of all requests are kept if the configuration says so", async () => {
    const { ask, records, clock } = started({
      config: `logging: { trace: all }\n${TWO}`,
      answer() {
        clock.advance(5);
        return new Response("ok", { headers: { "content-length": "2" } });
      },
    });
    await ask("/api/users");
    expect(decisionsOf(records)).toEqual({
      phases: [
        { phase: "route", at_ms: 0, took_ms: 0 },
        { phase: "pick", at_ms: 0, took_ms: 0 },
        { phase: "send", at_ms: 0, took_ms: 5 },
        { phase: "out", at_ms: 5, took_ms: 0 },
        { phase: "content", at_ms: 5, took_ms: 0 },
      ],
      route: {
        outcome: "matched",
        id: "/api/*",
        candidates: [{ route: '"/api/users" (create)', why_not: "takes only POST" }],
      },
      picks: [{ at_ms: 0, backend: "http://backend.test:9001" }],
      attempts: [
        {
          backend: "http://backend.test:9001",
          outcome: "answered",
          at_ms: 0,
          took_ms: 5,
          status: 200,
        },
      ],
    });
  });

  test("are kept of none if they are turned off", async () => {
    const { ask, records } = started({ config: `logging: { trace: off }\n${TWO}` });
    expect((await ask("/nowhere")).status).toBe(404);
    expect(records).toMatchObject([{ decisions: "", requestFields: "" }]);
  });

  test("are kept as the route says, and otherwise as for all", async () => {
    const { ask, records } = started({
      config: `logging: { trace: off }
defaults: { trace: errors }
routes:
  - { path: "/all", trace: all, backends: ["http://backend.test:9001"] }
  - { path: "/off", methods: [GET], trace: off, backends: ["http://backend.test:9001"] }
  - { path: "/errors", backends: ["http://backend.test:9001"] }`,
      answer: ({ url }) => {
        const status = url.endsWith("/all") ? 200 : 500;
        return new Response("", { status, headers: { "content-length": "0" } });
      },
    });
    for (const path of ["/all", "/off", "/errors", "/nowhere"]) await ask(path);
    expect(records.map(({ decisions }) => decisions !== "")).toEqual([true, false, true, false]);
    expect(decisionsOf(records.slice(0, 1))).toMatchObject({
      route: { outcome: "matched", id: "/all" },
      picks: [{ backend: "http://backend.test:9001" }],
    });
  });

  test("of a preflight are kept as the route says that it asks about", async () => {
    const { ask, records } = started({
      config: `cors: { allowed_origins: ["https://a.test"] }
routes: [{ path: "/a", trace: all, backends: ["http://backend.test:9001"] }]`,
    });
    await ask("/a", {
      method: "OPTIONS",
      headers: { origin: "https://a.test", "access-control-request-method": "GET" },
    });
    expect(decisionsOf(records).route.id).toBe("/a");
  });

  test("of a backend's own 404 are not kept, and of its 500 they are", async () => {
    let status = 404;
    const { ask, records } = started({
      answer: () => new Response("", { status, headers: { "content-length": "0" } }),
    });
    await ask("/api/a");
    expect(records[0]?.decisions).toBe("");
    status = 500;
    await ask("/api/a");
    expect(decisionsOf(records).attempts).toMatchObject([{ outcome: "answered", status: 500 }]);
  });

  test("of a request without a route name those that nearly took it", async () => {
    const { ask, records } = started({
      config: `routes:
  - { path: "/a", name: one, headers: { x-kind: "1" }, backends: ["http://backend.test:9001"] }
  - { path: "/a", name: two, headers: { x-kind: "2" }, backends: ["http://backend.test:9001"] }
  - { path: "/b", backends: ["http://backend.test:9001"] }`,
    });
    await ask("/a");
    expect(decisionsOf(records).route).toEqual({
      outcome: "not_found",
      candidates: [
        { route: '"/a" (one)', why_not: 'only if the field x-kind is "1"' },
        { route: '"/a" (two)', why_not: 'only if the field x-kind is "2"' },
      ],
    });
    await ask("/c");
    expect(decisionsOf(records).route).toEqual({ outcome: "not_found" });
  });

  test("of a wrong method say what routes take", async () => {
    const { ask, records } = started({
      config: `routes: [{ path: "/a/:id", methods: [POST], backends: ["http://backend.test:9001"] }]`,
    });
    await ask("/a/1");
    expect(decisionsOf(records).route).toEqual({
      outcome: "method_not_allowed",
      candidates: [{ route: '"/a/:id"', why_not: "takes only POST" }],
    });
  });

  test("name a bounded number of the routes that did not match, and count the rest", async () => {
    const routes = Array.from(
      { length: 50 },
      (_, at) =>
        `  - { path: "/a", name: r${at}, query: { v: "${at}" }, backends: ["http://b.test"] }`,
    );
    const { ask, records } = started({ config: `routes:\n${routes.join("\n")}` });
    await ask("/a");
    const { route } = decisionsOf(records);
    expect(route.candidates).toHaveLength(8);
    expect(route.more).toBe(42);
  });

  test("of a request that a policy refused say which one, and how long each took", async () => {
    const { ask, records } = started({
      config: `
cors: { enabled: true, allowed_origins: ["*"] }
routes:
  - path: "/api/*"
    deny: [192.0.2.0/24]
    rate_limit: { rate: 1/h, burst: 1 }
    backends: ["http://backend.test:9001"]`,
    });
    await ask("/api/a");
    expect(records.at(-1)?.refusedBy).toBe("deny");
    const { policies, route, attempts } = decisionsOf(records);
    expect(route).toEqual({ outcome: "matched", id: "/api/*" });
    expect(policies).toEqual([
      {
        name: "deny",
        verdict: "refused",
        code: "address_denied",
        at_ms: 0,
        took_ms: 0,
      },
    ]);
    expect(attempts).toBeUndefined();
  });

  test("tell what a policy did on the way out of an error", async () => {
    const { ask, records } = started({
      config: `
cors: { enabled: true, allowed_origins: ["*"] }
rate_limiting: { enabled: true, rate: 1, burst: 1 }
routes: [{ path: "/api/*", backends: ["http://backend.test:9001"] }]`,
    });
    await ask("/api/a");
    expect((await ask("/api/a")).status).toBe(429);
    expect(records.at(-1)?.refusedBy).toBe("rate_limit");
    expect(decisionsOf(records).policies).toMatchObject([
      { name: "cors", verdict: "passed", out: { replaced: false } },
      { name: "rate_limit", verdict: "refused", code: "rate_limited" },
    ]);
  });

  test("name policies as explanations do, and none that the route does not have", async () => {
    const { ask, records } = started({
      config: `
logging: { trace: all }
auth: { people: { jwt: { secret: "0123456789abcdef0123456789abcdef", algorithms: [HS256] } } }
routes:
  - { path: "/cached", cache: true, backends: ["http://backend.test:9001"] }
  - path: "/api/*"
    auth: people
    log: { usage: llm }
    log_body: true
    backends: ["http://backend.test:9001"]
  - path: "/open/*"
    rate_limit: { rate: 5/s, key: "{auth.subject}" }
    log_body: true
    log: { usage: llm }
    backends: ["http://backend.test:9001"]`,
    });
    const names = () => decisionsOf(records).policies?.map(({ name }) => name);
    await ask("/cached");
    expect(names()).toEqual(["auth, the providers", "cache"]);
    expect((await ask("/api/a")).status).toBe(401);
    expect(names()).toEqual(["log", "auth, the providers", "auth"]);
    await ask("/open/a");
    expect(names()).toEqual([
      "log",
      "rate_limit",
      "auth, the providers",
      "rate_limit, by identity",
      "log_body",
      "log_body, the answer",
      "log, the usage",
    ]);
  });

  test("of a preflight that a policy answered name no refusal", async () => {
    const { ask, records } = started({
      config: `
logging: { trace: all }
cors: { enabled: true, allowed_origins: ["*"] }
routes: [{ path: "/api/*", backends: ["http://backend.test:9001"] }]`,
    });
    const headers = { origin: "http://a.test", "access-control-request-method": "GET" };
    await ask("/api/a", { method: "OPTIONS", headers });
    expect(records.at(-1)?.refusedBy).toBe("");
    expect(decisionsOf(records).policies).toMatchObject([{ name: "cors", verdict: "answered" }]);
  });

  test("of a retried request have each attempt, pause and pick", async () => {
    const { ask, records, clock } = started({
      config: `
routes:
  - path: "/api/*"
    retry: { attempts: 3, on: [503], backoff: 20ms }
    backends: ["http://a.test", "http://b.test"]`,
      answer: ({ url }) =>
        new Response("", {
          status: url.includes("a.test") ? 503 : 200,
          headers: { "content-length": "0" },
        }),
    });
    const asked = ask("/api/a");
    await Bun.sleep(0);
    clock.advance(50);
    expect((await asked).status).toBe(200);
    const { attempts, waits, picks, policies } = decisionsOf(records);
    expect(attempts).toMatchObject([
      { backend: "http://a.test", outcome: "answered", status: 503, at_ms: 0 },
      { backend: "http://b.test", outcome: "answered", status: 200, at_ms: 50 },
    ]);
    expect(waits).toEqual([{ for: "retry", at_ms: 0, took_ms: 50 }]);
    expect(picks).toEqual([
      {
        at_ms: 50,
        backend: "http://b.test",
        others: [{ url: "http://a.test", why_not: "tried" }],
      },
    ]);
    expect(policies).toBeUndefined();
  });

  test("say what kept requests from each backend when none was found", async () => {
    const { ask, records, gateway } = started({
      config: `routes: [{ path: "/api/*", backends: ["http://a.test", "http://b.test"] }]`,
    });
    for (const { health } of gateway.snapshot.routes[0]?.upstreams[0]?.backends ?? []) {
      for (let time = 0; time < 3; time += 1) health.unreached("connection refused");
    }
    expect((await ask("/api/a")).status).toBe(503);
    expect(decisionsOf(records).picks).toEqual([
      {
        at_ms: 0,
        others: [
          { url: "http://a.test", why_not: "down", detail: "connection refused" },
          { url: "http://b.test", why_not: "down", detail: "connection refused" },
        ],
      },
    ]);
  });

  test("of a full upstream say so, and nothing of backends that have room", async () => {
    const held = Promise.withResolvers<undefined>();
    const { ask, records, gateway } = started({
      config: `
upstreams:
  u: { max_in_flight: 1, backends: ["http://a.test", "http://b.test", "http://c.test"] }
routes: [{ path: "/api/*", upstream: u }]`,
      answer: async () => {
        await held.promise;
        return new Response("", { headers: { "content-length": "0" } });
      },
    });
    const { health } = gateway.snapshot.routes[0]!.upstreams[0]!.backends[2]!;
    for (let time = 0; time < 3; time += 1) health.unreached("connection refused");
    const first = ask("/api/a");
    expect((await ask("/api/b")).status).toBe(503);
    expect(decisionsOf(records).picks).toEqual([
      {
        at_ms: 0,
        upstream: "u",
        why_none: "the upstream is at its max_in_flight",
        others: [{ url: "http://c.test", why_not: "down", detail: "connection refused" }],
      },
    ]);
    held.resolve(undefined);
    await first;
  });

  test("have the errors of attempts without the secrets in them", async () => {
    const { ask, records } = started({
      answer: () => {
        throw new AttemptError(
          "backend_connection_closed",
          "no connection to http://backend.test/?token=hush",
          "nothing",
        );
      },
    });
    await ask("/api/a");
    expect(decisionsOf(records).attempts).toMatchObject([
      { outcome: "connect", error: "no connection to http://backend.test/?token=[redacted]" },
    ]);
  });

  test("say which upstream a split chose, and why", async () => {
    const { ask, records } = started({
      config: `
logging: { trace: all }
upstreams: { v1: { backends: ["http://v1.test"] }, v2: { backends: ["http://v2.test"] } }
routes:
  - path: "/api/*"
    split:
      - { upstream: v2, weight: 0, when: { header: { x-canary: "1" } } }
      - { upstream: v1, weight: 95 }`,
    });
    const choices = [
      { upstream: "v2", weight: 0 },
      { upstream: "v1", weight: 95 },
    ];
    await ask("/api/a", { headers: { "x-canary": "1" } });
    expect(decisionsOf(records).split).toEqual({ upstream: "v2", by: "condition", choices });
    await ask("/api/a");
    expect(decisionsOf(records).split).toEqual({ upstream: "v1", by: "weight", choices });
  });

  test("of many that went wrong alike are kept of the first ones in each second", async () => {
    const { ask, records, clock } = started({});
    for (let time = 0; time < 60; time += 1) await ask("/nowhere");
    expect(records.filter(({ decisions }) => decisions !== "")).toHaveLength(50);
    await ask("/api/a", { method: "BREW" });
    expect(records.at(-1)?.decisions).not.toBe("");
    clock.advance(1_000);
    await ask("/nowhere");
    expect(records.at(-1)?.decisions).not.toBe("");
  });

  test("stay small, whatever there is to tell", async () => {
    const backends = Array.from(
      { length: 60 },
      (_, at) => `"http://backend-${at}.${"a".repeat(40)}.test"`,
    );
    const { ask, records, clock } = started({
      config: `
routes:
  - { path: "/api/*", retry: { attempts: 10, on: [reset], budget: 100% }, backends: [${backends.join(", ")}] }`,
      answer: () => {
        throw new AttemptError("backend_connection_closed", "broken ".repeat(500), "maybe");
      },
    });
    const asked = ask("/api/a");
    for (let time = 0; time < 12; time += 1) {
      await Bun.sleep(0);
      clock.advance(1_000);
    }
    expect((await asked).status).toBe(502);
    expect(records.at(-1)?.decisions.length).toBeLessThan(4_096);
    expect(decisionsOf(records).more).toBeGreaterThan(0);
  });
});

describe("the fields that are kept", () => {
  const fieldsOf = (text: string | undefined) => JSON.parse(text ?? "") as KeptFields;

  test("have their names and values in order, without secrets", async () => {
    const { ask, records } = started({
      config: `
logging: { trace: all, redact: { headers: [x-mine] } }
routes: [{ path: "/api/*", backends: ["http://backend.test:9001"] }]`,
      answer: () =>
        new Response("", {
          headers: [
            ["content-length", "0"],
            ["set-cookie", "id=hush; Path=/; HttpOnly"],
            ["location", "/next?code=hush&page=2"],
            ["x-session-id", "hush"],
          ],
        }),
    });
    await ask("/api/a", {
      headers: {
        authorization: "Bearer hush",
        cookie: "id=hush",
        "x-mine": "hush",
        "x-refresh-token": "hush",
        referer: "http://a.test/?access_token=hush",
        "x-text": 'a "quoted" \u009b text',
      },
    });
    const [record] = records;
    expect(record?.requestFields).not.toContain("\u009b");
    expect(fieldsOf(record?.requestFields)).toEqual([
      ["authorization", "[redacted]"],
      ["cookie", "[redacted]"],
      ["x-mine", "[redacted]"],
      ["x-refresh-token", "[redacted]"],
      ["referer", "http://a.test/?access_token=[redacted]"],
      ["x-text", 'a "quoted" \u009b text'],
      ["host", "gateway.test"],
    ]);
    const answered = fieldsOf(record?.responseFields);
    expect(answered).toContainEqual(["set-cookie", "id=[redacted]; Path=/; HttpOnly"]);
    expect(answered).toContainEqual(["location", "/next?code=[redacted]&page=2"]);
    expect(answered).toContainEqual(["x-session-id", "[redacted]"]);
  });

  test("are cut where they are long, and counted where they are many", async () => {
    const { ask, records } = started({});
    const long = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`x-long-${at}`, "a".repeat(1_000)]),
    );
    await ask("/nowhere", { headers: long });
    const fields = fieldsOf(records[0]?.requestFields);
    expect(fields[0]).toEqual(["x-long-0", `${"a".repeat(512)}…`]);
    expect(fields.at(-1)).toEqual(["", "14 more"]);
  });
});
