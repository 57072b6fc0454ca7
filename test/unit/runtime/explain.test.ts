import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { readConfig } from "../../../src/config/load.ts";
import { explain, explainable } from "../../../src/runtime/explain/explain.ts";
import type { Explanation } from "../../../src/runtime/explain/explanation.ts";
import { exchangeOf, type ExplainQuery } from "../../../src/runtime/explain/query.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";
import { world } from "./world.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const CONFIG = `
server: { trusted_proxies: [10.0.0.1], timeouts: { request: 20s } }
rate_limiting: { enabled: true, rate: 100, burst: 50 }
cors: { enabled: true, allowed_origins: ["*"] }
defaults:
  retry: 2
upstreams:
  users:
    backends: [ { url: "http://u.test:9001/v1", weight: 3 }, "http://u.test:9002" ]
    balance: least_requests
    circuit_breaker: true
  canary: ["http://c.test"]
routes:
  - name: users
    path: /api/users/:id
    methods: [GET, POST]
    upstream: users
    strip_prefix: /api
    cors: { enabled: false }
    rate_limit: { rate: 10/s, key: client_ip }
    timeouts: { response: 5s }
    request:
      headers: { set: { x-tenant: "{query.tenant}", authorization: "Bearer very-secret" } }
  - path: /api/*
    split:
      - { upstream: users, weight: 9 }
      - { upstream: canary, weight: 1, when: { header: { x-canary: "1" } } }
  - { path: "/old/*rest", redirect: { to: "/api/{path.rest}", status: 301 } }
  - { path: /fixed, respond: { status: 503, headers: { retry-after: "9" } } }
  - { path: /secure, hosts: [a.test], backends: ["http://s.test"] }
`;

function read(text: string) {
  const { config, document, diagnostics } = readConfig("gateway.yaml", text, {
    SECRET: "from-the-environment",
  });
  if (config === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return explainable(config, document);
}

function explained(url: string, asked: Partial<ExplainQuery> = {}, text = CONFIG): Explanation {
  return explain(read(text), { method: "GET", url, fields: [], ...asked });
}

test("a request's route, policies, upstream and what is sent are told with their places", () => {
  const { others, settings, ...rest } = explained("/api/users/7?tenant=a&token=hush", {
    fields: [["Cookie", "id=hush"]],
  });
  const at = (line: number, column: number) => ({ file: "gateway.yaml", line, column });
  expect(rest).toMatchObject({
    request: {
      method: "GET",
      scheme: "http",
      host: "localhost",
      path: "/api/users/7",
      query: "?tenant=a&token=[redacted]",
      client: "127.0.0.1",
    },
    outcome: 'GET /api/users/7 of localhost goes to "/api/users/:id" (users), with id = "7"',
    route: { id: "users", path: "/api/users/:id", parameters: { id: "7" }, at: at(15, 5) },
    policies: [
      { name: "rate_limit", scope: "gateway", key: "rate_limiting", at: at(3, 1) },
      {
        name: "rate_limit",
        scope: "route",
        settings: { rate: 10, key: "client_ip", cost: 1, when_exceeded: "reject" },
        at: at(20, 5),
      },
      { name: "strip_prefix", settings: "/api", at: at(18, 5) },
      {
        name: "transform_request",
        settings: {
          headers: { set: { "x-tenant": "{query.tenant}", authorization: "[redacted]" } },
        },
      },
    ],
    upstreams: [
      {
        name: "users",
        at: at(8, 3),
        balance: "least_requests",
        backends: [
          { url: "http://u.test:9001/v1", weight: 3, share: 0.75, healthy: null },
          { url: "http://u.test:9002", weight: 1, share: 0.25, healthy: null },
        ],
      },
    ],
    sent: { method: "GET", target: "/users/7?tenant=a&token=[redacted]", host: "localhost" },
    notes: [],
  });
  expect(rest.policies).toHaveLength(4);
  expect(rest.sent?.fields).toContainEqual(["x-tenant", "a"]);
  expect(rest.sent?.fields).toContainEqual(["cookie", "[redacted]"]);
  expect(rest.sent?.fields).toContainEqual(["authorization", "[redacted]"]);
  expect(JSON.stringify(rest)).not.toContain("hush");
  expect(JSON.stringify(rest)).not.toContain("very-secret");
  expect(others[0]).toEqual({
    route: '"/api/*"',
    why_not: 'matches too, but is less specific: in segment 2, "users" goes before "*"',
  });
  expect(settings?.slice(0, 6)).toMatchObject([
    { key: "timeouts.request", value: "20s", scope: "gateway", at: { line: 2 } },
    { key: "timeouts.response", value: "5s", scope: "route", at: { line: 21 } },
    { key: "timeouts.idle", value: "5m" },
    { key: "timeouts.exchange", value: "0" },
    { key: "max_body_size", value: "100MB" },
    { key: "retry", value: { attempts: 2 }, scope: "defaults", at: { line: 6 } },
  ]);
  expect(settings?.[2]).not.toHaveProperty("at");
});

test.each<[string, Partial<ExplainQuery>, Partial<Explanation>]>([
  ["/nowhere", {}, { status: 404 }],
  ["/api/users/7", { method: "BREW" }, { status: 501 }],
  ["/fixed", { method: "OPTIONS" }, { status: 503 }],
  ["http://b.test/secure", {}, { status: 404 }],
  ["/old/a/b", {}, { status: 301 }],
  ["/a%00b", {}, { status: 400 }],
])("%s, %j, is answered without a backend", (url, asked, expected) => {
  const explanation = explained(url, asked);
  expect(explanation).toMatchObject(expected);
  expect(explanation.sent).toBeUndefined();
  expect(explanation.upstreams ?? []).toEqual([]);
});

test("a method that no route takes is told with those that they take", () => {
  const text = `routes: [{ path: /a, methods: [POST], backends: ["http://a.test"] }]`;
  expect(explained("/a", {}, text)).toMatchObject({ status: 405, allow: "POST" });
});

test("a redirect and a fixed answer are told as the client gets them", () => {
  expect(explained("/old/a/b").answered).toMatchObject({ status: 301 });
  expect(explained("/old/a/b").answered?.fields).toContainEqual(["location", "/api/a/b"]);
  expect(explained("/fixed").answered?.fields).toContainEqual(["retry-after", "9"]);
});

test("a split's upstreams have their shares, and the one that a request asks for", () => {
  const { upstreams } = explained("/api/x", { fields: [["x-canary", "1"]] });
  expect(upstreams).toMatchObject([
    { name: "users", share: 0.9, is_chosen: false },
    { name: "canary", share: 0.1, is_chosen: true },
  ]);
  expect(explained("/api/x").upstreams?.[0]).not.toHaveProperty("is_chosen");
});

test("scheme, host and client come from the URL, the fields and trusted proxies", () => {
  const { request } = explained("https://a.test/secure", {
    client: "10.0.0.1",
    fields: [["x-forwarded-for", "192.0.2.7"]],
  });
  expect(request).toMatchObject({ scheme: "https", host: "a.test", client: "192.0.2.7" });
});

test("a preflight is explained as the request that it asks about", () => {
  const fields = [
    ["origin", "http://a.test"],
    ["access-control-request-method", "POST"],
  ] as const;
  const { request, route } = explained("/api/users/7", { method: "OPTIONS", fields });
  expect(request.preflight_for).toBe("POST");
  expect(route?.id).toBe("users");
});

test("what the gateway answers itself is told", () => {
  expect(explained("/health").outcome).toStartWith("answered by the gateway itself");
  expect(explained("*", { method: "OPTIONS" }).outcome).toContain("methods");
});

test.each<[Partial<ExplainQuery>, string]>([
  [{ method: "" }, "no method"],
  [{ url: "api" }, 'a URL begins with "/"'],
  [{ fields: [["x y", "1"]] }, "invalid field name"],
])("%j is no request", (asked, message) => {
  expect(() => explained("/", asked)).toThrow(message);
});

describe("secrets of the configuration", () => {
  test("are not told, wherever they stand", () => {
    const text = `
routes:
  - path: /a
    response: { headers: { set: { x-api-key: "in-a-header" } } }
    request: { headers: { set: { x-note: "\${SECRET}" } } }
    backends: ["http://a.test"]`;
    const { policies, sent } = explained("/a", {}, text);
    const shown = JSON.stringify([policies, sent]);
    expect(sent?.fields).toContainEqual(["x-note", "${SECRET}"]);
    expect(shown).not.toContain("in-a-header");
    expect(shown).not.toContain("from-the-environment");
    expect(shown).toContain("${SECRET}");
  });
});

test("a running gateway's backends have their states", async () => {
  const { gateway } = world({
    config: `routes: [{ path: /a, backends: ["http://a.test", "http://b.test"] }]`,
  });
  const { snapshot } = gateway;
  const [first] = snapshot.routes[0]?.upstreams[0]?.backends ?? [];
  for (let time = 0; time < 3; time += 1) first?.health.unreached("connection refused");
  const { config } = read(`routes: [{ path: /a, backends: ["http://a.test", "http://b.test"] }]`);
  const explanation = explain(
    { config, document: undefined, routes: snapshot.routes, table: snapshot.table },
    { method: "GET", url: "/a", fields: [] },
  );
  expect(explanation.upstreams?.[0]?.backends).toMatchObject([
    { url: "http://a.test", healthy: false, why_not: "down", detail: "connection refused" },
    { url: "http://b.test", healthy: true, in_flight: 0 },
  ]);
  expect(explanation.notes).toContain("the file's lines are not known");
});

const segment = fc.constantFrom("a", "b", ":x", ":y");
const route = fc.record({
  path: fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom("", "*", "a"))
    .map(([segments, last]) =>
      [...segments, last].map((text, at) => `/${text.startsWith(":") ? text + at : text}`).join(""),
    ),
  methods: fc.constantFrom(undefined, ["GET"], ["POST", "PUT"]),
  hosts: fc.constantFrom(undefined, ["a.test"], ["*.test"]),
  query: fc.constantFrom(undefined, { v: "1" }, { v: ["1", "2"] }),
});

test("the route that is told is the one that the table matches, for any routes and requests", () => {
  fc.assert(
    fc.property(
      fc.array(route, { minLength: 1, maxLength: 6 }),
      fc.constantFrom("GET", "POST", "DELETE", "BREW"),
      fc.constantFrom("/", "/a", "/a/b", "/a/b/a", "/b//", "/a/a/a/a?v=1", "/a?v=2", "/b/a?v=3"),
      fc.constantFrom("a.test", "b.test", "other"),
      (routes, method, url, host) => {
        const written = routes.map((one, at) => ({ name: `r${at}`, ...one, respond: 204 }));
        const { config } = readConfig("gateway.yaml", JSON.stringify({ routes: written }), {});
        if (config === undefined) return;
        const configuration = explainable(config, undefined);
        const query = { method, url, fields: [["host", host]] as const };
        const match = configuration.table.match(method, exchangeOf(query, config));
        const explanation = explain(configuration, query);
        expect(explanation.route?.id).toBe(match.kind === "route" ? match.route.id : undefined);
        if (match.kind === "method_not_allowed" && method !== "BREW") {
          expect(explanation).toMatchObject({ status: 405, allow: match.allow });
        }
      },
    ),
    { numRuns: 100 },
  );
});
