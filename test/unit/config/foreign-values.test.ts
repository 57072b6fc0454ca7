import { describe, expect, test } from "bun:test";
import { errorsIn, route, warningsIn } from "./loading.ts";

const to = (path: string, keys: string) =>
  `routes: [{ path: "${path}", backends: [http://a], ${keys} }]\n`;

describe("a variable of another gateway is warned of, with the placeholder", () => {
  test.each([
    ["rewrite: /b/$1", "`$1` is sent as it stands; name that part of `path`, like `*rest`"],
    ["rewrite: /b$uri", "`$uri` is sent as it stands; write `{request.path}`"],
    ["host: $host", "write `{request.hostname}`"],
    ["request: { headers: { set: { a: $remote_addr } } }", "write `{client.ip}`"],
    ["request: { headers: { set: { a: $http_x_user } } }", "write `{header.x-user}`"],
    ["request: { query: { set: { a: $arg_page } } }", "write `{query.page}`"],
    ["request: { query: { add: { a: [x, $cookie_a] } } }", "write `{cookie.a}`"],
    ["response: { headers: { set: { a: '%REQ(:AUTHORITY)%' } } }", "write `{request.host}`"],
    ["response: { headers: { set: { a: '%REQ(X-A?X-B)%' } } }", "write `{header.x-a}`"],
    ["response: { headers: { set: { a: '%[src]' } } }", "write `{client.ip}`"],
    ["response: { headers: { set: { a: '{{ .Host }}' } } }", "a placeholder is written like"],
  ])("%s", (keys, remedy) => {
    const text = to("/a/*rest", keys);
    expect(errorsIn(text)).toEqual([]);
    expect(warningsIn(text)).toEqual([expect.stringContaining(remedy)]);
  });

  test("in the fields of an identity", () => {
    const auth = `auth: { a: { forward: "http://b", identity_headers: { x-user: $jwt_claim_sub } } }\n`;
    expect(warningsIn(auth + to("/a", "auth: a"))).toEqual([
      expect.stringContaining("`$jwt_claim_sub` is sent as it stands; write `{auth.claims.sub}`"),
    ]);
  });

  test("if it is one", () => {
    const keys = `request: { headers: { set: { a: "$5", b: "100%", c: "$unknown", d: "US$" } } }`;
    expect(warningsIn(to("/a", keys))).toEqual([]);
    expect(warningsIn(to("/a", 'rewrite: "/$metadata"'))).toEqual([]);
  });
});

describe("what a wildcard matched", () => {
  test.each(["rewrite: '/b{path.rest}'", "rewrite: '/b/x{path.rest}?q={path.rest}'"])(
    "is warned of behind a name: %s",
    (keys) => {
      expect(warningsIn(to("/a/*rest", keys))).toEqual([
        expect.stringContaining("`{path.rest}` begins without a slash; write `/{path.rest}`"),
      ]);
    },
  );

  test("is not where it is a segment, or in another place than a path", () => {
    expect(warningsIn(to("/a/*rest", "rewrite: '/b/{path.rest}'"))).toEqual([]);
    expect(warningsIn(to("/a/*rest", "rewrite: '/b?q={path.rest}'"))).toEqual([]);
    expect(warningsIn(to("/a/:id", "rewrite: '/b{path.id}'"))).toEqual([]);
    expect(
      warningsIn(to("/a/*rest", "request: { headers: { set: { a: 'x{path.rest}' } } }")),
    ).toEqual([]);
  });
});

test("a condition on a field that only answers have is warned of", () => {
  expect(warningsIn(to("/a", "headers: { X-Frame-Options: deny }"))).toEqual([
    expect.stringContaining("no request has `X-Frame-Options`; fields of answers are `response: {"),
  ]);
});

describe("a condition that is a pattern elsewhere", () => {
  test.each([
    [
      "headers: { x: '*' }",
      "`*` is compared as it stands; for any value, write `{ present: true }`",
    ],
    ["query: { x: ['.*'] }", "for any value, write `{ present: true }`"],
    ["headers: { x: ^a }", "for a regular expression, write `{ matches: … }`"],
    ["headers: { x: '~ ^a' }", "for a regular expression, write"],
    ["headers: { x: /^a/ }", "for a regular expression, write"],
  ])("is warned of: %s", (keys, remedy) => {
    expect(warningsIn(route(keys))).toEqual([expect.stringContaining(remedy)]);
  });

  test("is not, if it is a text", () => {
    expect(warningsIn(route("headers: { accept: '*/*', x: ['*', a], price: '5$' }"))).toEqual([]);
  });
});

test("several paths of one route are told to be several routes", () => {
  expect(errorsIn("routes: [{ path: [/a, /a/*], backends: [http://a] }]\n")).toEqual([
    expect.stringContaining("got a list; write a route for each, with the same `upstream`"),
  ]);
});

test("hosts that backends get do not tell routes apart", () => {
  const host = (name: string) => `{ path: /a, host: ${name}, backends: [http://a] }`;
  expect(errorsIn(`routes: [${host("a.test")}, ${host("b.test")}]\n`)).toEqual([
    expect.stringContaining("requests are matched by their host with `hosts`"),
  ]);
});

test.each([
  ["retry: 1", "one attempt in all is no retry; for one retry write 2"],
  ["retry: { attempts: 1 }", "one attempt in all is no retry"],
])("%s is warned of", (keys, warning) => {
  expect(warningsIn(route(keys))).toEqual([expect.stringContaining(warning)]);
});

test.each([
  ["balance: first", "leave it out, and give all but the first `backup: true`"],
  ["balance: cookie", "clients stay with a backend by `sticky: true`"],
  ["balance: header X-Up", 'write `{ hash: "{header.x-tenant}" }`'],
  ["balance: consistent-hashing", 'write `{ hash: "{header.x-tenant}" }`'],
  ["balance: random two least_conn", "write `least_requests`"],
  ["retry: { on: non_idempotent }", "add methods that are not idempotent to `methods`"],
])("%s is told what to write", (keys, remedy) => {
  expect(errorsIn(route(keys))).toEqual([expect.stringContaining(remedy)]);
});

test.each([
  ["weight: 0", "to send it no requests, comment it out"],
  ["weight: 0.5", "weights are relative to each other: 1 and 2 for 0.5 and 1"],
])("%s of a backend is told what to write", (keys, remedy) => {
  const text = `routes: [{ path: /a, backends: [{ url: http://a, ${keys} }, http://b] }]\n`;
  expect(errorsIn(text)).toEqual([expect.stringContaining(remedy)]);
});
