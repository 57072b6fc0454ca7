import { describe, expect, test } from "bun:test";
import { errorsIn, loaded, warningsIn } from "./loading.ts";

const USERS = `upstreams: { users: { backends: ["http://a.test", "http://b.test"] } }\n`;

describe("an upstream with a name", () => {
  test("has the keys of one that a route has for itself", () => {
    const { upstreams, routes } = loaded(
      `${USERS}routes: [{ path: /a, upstream: users }, { path: /b, backends: [http://c.test] }]\n`,
    );
    expect(upstreams?.["users"]?.backends?.map(({ url }) => url)).toEqual([
      "http://a.test",
      "http://b.test",
    ]);
    expect(upstreams?.["users"]).toMatchObject({ protocol: "http1", preserve_host: true });
    expect(routes[0]).toMatchObject({ upstream: "users" });
    expect(routes[0]?.backends).toBeUndefined();
  });

  test.each([
    [
      "that does not exist",
      `${USERS}routes: [{ path: /a, upstream: billing }]\n`,
      "2:32: there is no upstream `billing`; defined under `upstreams`: `users`",
    ],
    [
      "that is spelled differently",
      `${USERS}routes: [{ path: /a, upstream: user }]\n`,
      "2:32: there is no upstream `user`; did you mean `users`?",
    ],
    [
      "where there is none at all",
      "routes: [{ path: /a, upstream: users }]\n",
      "1:32: there is no upstream `users`; define it at the top level, like `upstreams: { users: [http://localhost:9001] }`",
    ],
    [
      "beside backends",
      `${USERS}routes: [{ path: /a, upstream: users, backends: [http://c.test] }]\n`,
      "2:32: requests go to one place: `backends` or `upstream`; leave one of them out",
    ],
    [
      "beside a key that belongs to it",
      `${USERS}routes: [{ path: /a, upstream: users, protocol: http2 }]\n`,
      "2:49: `protocol` belongs to the upstream; move it to `upstreams.users`",
    ],
  ])("%s is an error of the route that asks for it", (_what, text, message) => {
    expect(errorsIn(text)).toContain(message);
  });

  test.each([
    ["users: http://a.test", "a URL"],
    ["users: [http://a.test]", "a list of URLs"],
    ["users: [{ url: http://a.test }]", "a list of backends"],
  ])("may be `%s`, %s, for its backends alone", (written) => {
    const text = `upstreams: { ${written} }\ndefaults: { ejection: true }\nroutes: [{ path: /a, upstream: users }]\n`;
    const users = loaded(text).upstreams?.["users"];
    expect(users?.backends).toEqual([{ url: "http://a.test", weight: 1 }]);
    expect(users).toMatchObject({ protocol: "http1", ejection: { failures: 5 } });
  });

  test.each([
    ["upstream: http://a:1", 'for a URL, write `backends: ["http://a:1"]`'],
    ["upstream: a:1", 'for a URL, write `backends: ["a:1"]`'],
    ["split: [{ upstream: http://a:1 }]", 'like `upstreams: { name: "http://a:1" }`'],
    ["backends: [http://b], mirror: http://a:1", 'like `upstreams: { name: "http://a:1" }`'],
  ])("is no URL: `%s` is told how to name one", (keys, remedy) => {
    const [only, ...others] = errorsIn(`routes: [{ path: /a, ${keys} }]\n`);
    expect(only).toContain(remedy);
    expect(others).toEqual([]);
  });

  test.each([
    "upstreams: [{ name: u, backends: [http://a] }]",
    "upstreams: { u: 5 }",
    "upstreams: { u: { urls: [http://a] } }",
  ])("that is not well-formed is reported once, and not as one that is missing: %s", (written) => {
    expect(errorsIn(`${written}\nroutes: [{ path: /a, upstream: u }]\n`)).toHaveLength(1);
  });

  test.each([
    ["mirror: users", [{ upstream: "users", percent: 1, max_body: 65_536 }]],
    ["mirror: [users]", [{ upstream: "users", percent: 1, max_body: 65_536 }]],
    ["mirror: { upstream: users, percent: 5% }", [{ upstream: "users", percent: 0.05 }]],
  ])("gets copies by `%s`", (written, mirrors) => {
    const text = `${USERS}routes: [{ path: /a, backends: [http://c], ${written} }]\n`;
    expect(loaded(text).routes[0]?.mirror).toMatchObject(mirrors);
  });

  test("cannot have backups alone", () => {
    const text = (first: string) =>
      `upstreams: { users: { backends: [${first}, { url: http://b.test, backup: true }] } }\nroutes: [{ path: /a, upstream: users }]\n`;
    expect(errorsIn(text("{ url: http://a.test, backup: true }"))).toEqual([
      "1:33: all backends are backups; leave out `backup: true` of those that get the requests",
    ]);
    expect(errorsIn(text("http://a.test"))).toEqual([]);
  });

  test.each([
    ["true", { enabled: true, cookie: "gateway_backend", same_site: "lax" }],
    ["false", { enabled: false, cookie: "gateway_backend", same_site: "lax" }],
    [
      "{ cookie: home, max_age: 1h, same_site: none, secret: 0123456789abcdef }",
      {
        enabled: true,
        cookie: "home",
        max_age: 3_600_000,
        same_site: "none",
        secret: "0123456789abcdef",
      },
    ],
  ])("makes clients stay with `sticky: %s`", (written, read) => {
    const text = `routes: [{ path: /a, backends: [http://a.test], sticky: ${written} }]\n`;
    expect(loaded(text).routes[0]?.sticky).toEqual(read as never);
  });

  test.each([
    ['{ cookie: "a b" }', "a cookie's name has no spaces"],
    ['{ cookie: "" }', "a cookie's name has no spaces"],
    ["{ secret: short }", "expected at least 16 characters"],
    ["{ max_age: 1ms }", "`max_age` is at least 1s"],
    ["{ same_site: Lax }", "expected lax, strict or none"],
    ["{ http_only: false }", "unknown key `http_only`"],
    ["source_ip", "expected true, false or {cookie, max_age, same_site, secret}"],
  ])("refuses `sticky: %s`", (written, message) => {
    const text = `routes: [{ path: /a, backends: [http://a.test], sticky: ${written} }]\n`;
    expect(errorsIn(text).join("\n")).toContain(message);
  });

  test("has labels of its backends, which are texts", () => {
    const text = (labels: string) =>
      `routes: [{ path: /a, backends: [{ url: http://a.test, labels: ${labels} }] }]\n`;
    expect(loaded(text("{ zone: a, rack: r1.2 }")).routes[0]?.backends?.[0]?.labels).toEqual({
      zone: "a",
      rack: "r1.2",
    });
    expect(errorsIn(text('{ "a b": c }')).join("\n")).toContain("cannot be a name here");
    expect(errorsIn(text("[a]")).join("\n")).toContain("expected names with texts");
  });

  test.each([
    [
      "without backends",
      "{ balance: round_robin }",
      "an upstream needs `backends`, a list of URLs",
    ],
    ["with a wrong backend", "{ backends: [localhost] }", "write `http://localhost`"],
    ["with what only another version has", "{ backends: [http://a], protocol: http3 }", "HTTP/3"],
  ])("%s is refused", (_what, keys, message) => {
    const text = `upstreams: { users: ${keys} }\nroutes: [{ path: /a, upstream: users }]\n`;
    expect(errorsIn(text).join("\n")).toContain(message);
  });

  test("is no path, so that nobody takes it for a route", () => {
    const text = `upstreams: { /users: { backends: [http://a] } }\nroutes: [{ path: /a, backends: [http://a] }]\n`;
    expect(errorsIn(text)).toEqual(["1:14: `/users` cannot be a name here"]);
  });

  test("that no route uses is warned of", () => {
    expect(warningsIn(`${USERS}routes: [{ path: /a, backends: [http://a] }]\n`)).toEqual([
      "1:21: no route uses the upstream `users`; its backends are checked all the same",
    ]);
  });
});

describe("defaults", () => {
  const routes = `routes:
  - { path: /a, upstream: users }
  - { path: /b, backends: [http://c.test] }
  - { path: /c, backends: [http://c.test], timeouts: { idle: 3s }, connect_timeout: 9s }
`;

  test("stand in every route and upstream that says nothing else", () => {
    const config = loaded(
      `${USERS}defaults: { timeouts: { request: 2s }, connect_timeout: 1s, rate_limit: 5 }\n${routes}`,
    );
    const [a, b, c] = config.routes;
    expect(a).toMatchObject({
      timeouts: { request: 2_000 },
      rate_limit: { perSecond: 5, count: 5 },
    });
    expect(b).toMatchObject({
      timeouts: { request: 2_000 },
      connect_timeout: 1_000,
      rate_limit: { perSecond: 5, count: 5 },
    });
    expect(c).toMatchObject({ connect_timeout: 9_000, rate_limit: { perSecond: 5, count: 5 } });
    expect(c?.timeouts).toEqual({ idle: 3_000 });
    expect(config.upstreams?.["users"]?.connect_timeout).toBe(1_000);
  });

  test("are reported once, where they stand, however many routes they are in", () => {
    expect(errorsIn(`defaults: { max_body_size: lots }\n${ROUTES}`)).toEqual([
      expect.stringMatching(/^1:28: expected a size/),
    ]);
  });

  test("cannot say what a route matches or where its requests go", () => {
    expect(errorsIn(`defaults: { path: /x }\n${ROUTES}`)).toEqual([
      expect.stringContaining("unknown key `path`"),
    ]);
    expect(errorsIn(`defaults: { backends: [http://x] }\n${ROUTES}`)).toEqual([
      expect.stringContaining("unknown key `backends`"),
    ]);
  });

  test("take variables, as everything does", () => {
    const { routes: read } = loaded(`defaults: { rate_limit: "\${RATE}" }\n${ROUTES}`, {
      RATE: "7",
    });
    expect(read.map((route) => Reflect.get(route, "rate_limit"))).toEqual([
      { perSecond: 7, count: 7 },
      { perSecond: 7, count: 7 },
    ]);
  });
});

const ROUTES = `routes:
  - { path: /a, backends: [http://a.test] }
  - { path: /b, backends: [http://a.test] }
`;
