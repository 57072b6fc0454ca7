import { describe, expect, test } from "bun:test";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import { errorsIn, loaded, route } from "../../config/loading.ts";
import { rewritten } from "./rewritten.ts";

describe("strip_prefix", () => {
  test.each([
    ["/api", "/api/users", "/users"],
    ["/api", "/api/users?a=1", "/users?a=1"],
    ["/api", "/api", "/"],
    ["/api", "/api/", "/"],
    ["/api", "/api?x", "/?x"],
    ["/api/", "/api/users", "/users"],
    ["/api/v1", "/api/v1/users", "/users"],
    ["/api/v1", "/api/v2/users", "/api/v2/users"],
    ["/api", "/apis/users", "/apis/users"],
    ["/api", "/apis", "/apis"],
    ["/api", "/API/users", "/API/users"],
    ["/api", "/v1/api/users", "/v1/api/users"],
    ["/api", "//api///users", "/users"],
    ["/api", "/%61pi/users", "/users"],
    ["/a%20b", "/a%20b/c", "/c"],
    ["/ü", "/%C3%BC/c", "/c"],
    ["/api", "/api%2Fusers", "/api%2Fusers"],
    ["/api", "/api/a%2Fb/c", "/a%2Fb/c"],
    ["/api", "/api/./x/../users", "/users"],
    ["/api", "/api/../secret", "/secret"],
    ["/api", "/api/api/api", "/api/api"],
  ])("of %p makes of %p %p", (prefix, target, expected) => {
    expect(rewritten({ strip_prefix: prefix }, { target })).toBe(expected);
  });

  test.each([
    ["/store/a//b", "/a//b"],
    ["/store/./a", "/./a"],
    ["//store/./a", "/./a"],
    ["/%73tore/a%2fb", "/a%2fb"],
    ["/./store/a", "/a"],
    ["/%2E/store/%61", "/%61"],
    ["/store", "/"],
    ["/store/", "/"],
    ["/stores/a", "/stores/a"],
    ["/stor", "/stor"],
    ["/store%2Fa", "/store%2Fa"],
  ])(
    "of /store leaves the rest of %p as it is written where paths are preserved: %p",
    (target, expected) => {
      const rules = { preservePath: true };
      expect(rewritten({ strip_prefix: "/store" }, { target, rules })).toBe(expected);
    },
  );

  test.each([
    ["/api/x", {}, false, "/api"],
    ["/other", {}, false, null],
    ["/api/x", { "x-forwarded-prefix": "/outer" }, true, "/outer, /api"],
    ["/api/x", { "x-forwarded-prefix": "/outer" }, false, "/api"],
  ])(
    "of %p with %j is passed on as a field (trusted: %p): %p",
    (target, fields, isTrusted, prefix) => {
      let exchange: Exchange | undefined;
      rewritten(
        { strip_prefix: "/api" },
        {
          target,
          fields,
          client: { viaTrustedProxy: isTrusted },
          prepare: (opened) => (exchange = opened),
        },
      );
      expect(exchange?.outgoing.get("x-forwarded-prefix")).toBe(prefix);
    },
  );

  test("of a path of many slashes takes no long time", () => {
    const target = `${"/".repeat(60_000)}store/x`;
    const rules = { preservePath: true };
    expect(rewritten({ strip_prefix: "/store" }, { target, rules })).toBe("/x");
  });
});

describe("a rewrite", () => {
  test.each([
    ["/v2/users/{path.id}", "/users/:id", "/users/7", "/v2/users/7"],
    ["/v2/users/{path.id}", "/users/:id", "/users/7?a=1&b", "/v2/users/7?a=1&b"],
    ["/v2/users/{path.id}?", "/users/:id", "/users/7?a=1", "/v2/users/7"],
    ["/v2/users?id={path.id}", "/users/:id", "/users/7?a=1", "/v2/users?id=7"],
    ["/v2/users?id={path.id}&{request.query}", "/users/:id", "/users/7?a=1", "/v2/users?id=7&a=1"],
    ["/v2/users?{request.query}&id={path.id}", "/users/:id", "/users/7", "/v2/users?id=7"],
    ["/v2/users?{request.query}", "/users/:id", "/users/7", "/v2/users"],
    ["/v2/users?id={path.id}&{request.query}", "/users/:id", "/users/7", "/v2/users?id=7"],
    ["/v2{request.path}", "/*", "/users/7?a=1", "/v2/users/7?a=1"],
    ["{request.path}/", "/*", "/users", "/users/"],
    ["{request.path}/", "/*", "/users/", "/users/"],
    ["/one/{path.rest}", "/prefix/one/*rest", "/prefix/one/two/three", "/one/two/three"],
    ["/one/{path.rest}", "/prefix/one/*rest", "/prefix/one/", "/one/"],
    ["/{path.rest}/x", "/*rest", "/a/", "/a/x"],
    ["/fixed", "/*", "/anything/at/all?a=1", "/fixed?a=1"],
    ["/x/{path.id}", "/:id", "/a%2Fb%20c", "/x/a%2Fb%20c"],
    ["/x/{path.id}", "/:id", "/a%252Fb", "/x/a%252Fb"],
    ["/x/{path.id}", "/:id", "/a;v=1", "/x/a;v=1"],
    ["/x?id={path.id}", "/:id", "/a&admin=1", "/x?id=a%26admin%3D1"],
    ["/x?id={path.id}", "/:id", "/a%26b", "/x?id=a%26b"],
    ["/x/{query.name}", "/*", "/?name=a/b%3Fc", "/x/a%2Fb%3Fc?name=a/b%3Fc"],
    ["/ü/{query.name}", "/*", "/?name=%C3%BC+x", "/%C3%BC/%C3%BC%20x?name=%C3%BC+x"],
    ["/x/{{{path.id}}}", "/:id", "/7", "/x/%7B7%7D"],
  ])("to %p of the route %p makes of %p %p", (text, path, target, expected) => {
    expect(rewritten({ rewrite: text }, { path, target })).toBe(expected);
  });

  test("stands for the whole path, however the client wrote it", () => {
    const rules = { preservePath: true };
    const options = { path: "/users/:id", target: "//users/./%37", rules };
    expect(rewritten({ rewrite: "/v2/{path.id}" }, options)).toBe("/v2/7");
  });

  test.each([
    ["/x/{query.v}", "/?v=..", "invalid_path"],
    ["/x/{query.v}/admin", "/?v=.", "invalid_path"],
    ["/x/.{query.v}/admin", "/?v=.", "invalid_path"],
    ["/x/{query.v}", "/?v=../admin", "invalid_path"],
    ["/x/{query.v}", "/?v=%252e%252e", "invalid_path"],
    ["/x/{query.v}", "/?v=..;a", "invalid_path"],
    ["/x/{query.v}", "/?v=a\\..\\b", "invalid_path"],
    ["/x/{query.v}", "/?v=%00", "invalid_path"],
    ["/tenants/{header.x-tenant}/{path.rest}", "/other/secrets", "invalid_path"],
    ["/tenants/{query.a}{query.b}/x", "/", "invalid_path"],
    ["/tenants/{query.a}-{query.b}/x", "/", "/tenants/-/x"],
    ["/tenants/{header.x-tenant}", "/other", "/tenants/"],
  ])("to %p makes of %p %p", (text, target, expected) => {
    expect(rewritten({ rewrite: text }, { path: "/*rest", target })).toBe(expected);
  });

  test.each([
    ["keep", "/x/a%2Fb?v=a/b"],
    ["reject", "invalid_path"],
    ["decode", "invalid_path"],
  ] as const)(
    "with encoded slashes in it is for a route that says %s: %s",
    (encodedSlashes, expected) => {
      const options = { target: "/?v=a/b", rules: { encodedSlashes } };
      expect(rewritten({ rewrite: "/x/{query.v}" }, options)).toBe(expected);
    },
  );
});

describe("the host", () => {
  function hostOf(text: string, fields: Record<string, string>): string | undefined {
    let exchange: Exchange | undefined;
    const prepare = (opened: Exchange) => (exchange = opened);
    const outcome = rewritten({ host: text }, { target: "/", fields, prepare });
    return outcome === "/" ? exchange?.outgoing.host : outcome;
  }

  test.each([
    ["users.internal", {}, "users.internal"],
    ["users.internal:8443", {}, "users.internal:8443"],
    ["[::1]:8080", {}, "[::1]:8080"],
    ["{request.host}", {}, "gateway.test:8080"],
    ["{request.hostname}", {}, "gateway.test"],
    ["{request.host}:9000", {}, "gateway.test:9000"],
    ["api.{request.host}", {}, "api.gateway.test:8080"],
    ["{header.x-tenant}.internal", { "x-tenant": "acme" }, "acme.internal"],
    ["{header.x-tenant}.internal", {}, "invalid_host"],
    ["{header.x-tenant}.internal", { "x-tenant": "a/b" }, "invalid_host"],
    ["{header.x-tenant}.internal", { "x-tenant": "evil.com:80" }, "invalid_host"],
    ["{header.x-tenant}.internal", { "x-tenant": "evil.com#" }, "invalid_host"],
    ["{header.x-tenant}.internal", { "x-tenant": "user@evil" }, "invalid_host"],
    ["{header.x-tenant}.internal", { "x-tenant": "a..b" }, "invalid_host"],
    ["{header.x-host}", {}, "invalid_host"],
  ])("%p with %j is %p", (text, fields, expected) => {
    expect(hostOf(text, fields)).toBe(expected);
  });
});

describe("the configuration", () => {
  test.each([
    ["strip_prefix: api", '4:19: a prefix begins with "/"; write `/api`'],
    ["strip_prefix: /", '4:19: "/" takes nothing off; leave it out'],
    [
      "strip_prefix: /a/*",
      "4:21: `strip_prefix` is text that is taken off literally; for more, write `rewrite`",
    ],
    ["strip_prefix: /b", "4:19: no path of this route begins with `/b`: the route is for `/a`"],
    ["strip_prefix: /a/b", "4:19: no path of this route begins with `/a/b`: the route is for `/a`"],
    ["rewrite: v2", '4:14: a path begins with "/"'],
    [
      "rewrite: http://b/v2",
      "4:14: requests are rewritten to a path; the host that backends get is `host`, and where requests go are `backends`",
    ],
    ["rewrite: /v2/{path.id}", "4:18: the path of this route has no `:id` or `*id`"],
    [
      "rewrite: /v2/{request.paht}",
      "4:18: `{request.paht}` is not a placeholder; did you mean `{request.path}`?",
    ],
    ["rewrite: /v2//x", '4:17: a path has a single "/" between segments'],
    [
      "rewrite: /v2/{request.path}",
      "4:17: `{request.path}` begins with a slash itself; leave out the one before it",
    ],
    ["rewrite: /v2/../x", '4:14: a path cannot have a "." or ".." segment; leave it out'],
    [
      "rewrite: /v2/%zz",
      '4:18: a "%" must be followed by two hexadecimal digits; by itself it is `%25`',
    ],
    ["rewrite: /v2/a b", "4:19: a URL has no blanks; one within a name is `%20`"],
    ["rewrite: '/v2\\x'", '4:18: segments are separated by "/"; a backslash of a name is `%5C`'],
    ["rewrite: '/v2#x'", "4:18: a fragment is never sent to a server; `#` within a name is `%23`"],
    ["host: http://b/", "4:11: a host has no scheme and no path; write `b`"],
    ['host: "*.example.com"', "4:11: `host` is what backends get; requests are matched by `hosts`"],
    ["host: a b", "4:11: expected a host with an optional port, like users.internal"],
  ])("%s is refused", (line, error) => {
    expect(errorsIn(route(line))).toEqual([error]);
  });

  test("of a host in common can be undone for one route", () => {
    const { routes } = loaded(
      `defaults: { host: a.internal }\n${route("host: false")}  - { path: /b, backends: [http://a] }\n`,
    );
    expect(routes.map((one) => Reflect.get(one, "host") as unknown)).toEqual([
      false,
      { text: "a.internal", parts: ["a.internal"] },
    ]);
  });

  test("of a prefix beside a rewrite is refused", () => {
    expect(errorsIn(route("strip_prefix: /a\n    rewrite: /b"))).toEqual([
      expect.stringContaining("leave `strip_prefix` out"),
    ]);
  });

  test.each(["/a", "/:x", "/*", "/a/*", "/:x/b", "/a/:y/*z"])(
    "of the path %p takes a prefix that its requests can begin with",
    (path) => {
      const text = `routes: [{ path: "${path}", backends: [http://a], strip_prefix: /a }]`;
      expect(errorsIn(text)).toEqual([]);
    },
  );
});
