import { describe, expect, test } from "bun:test";
import type { RoutingAccount } from "../../../src/routing/explain.ts";
import type { RoutePattern } from "../../../src/routing/pattern.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import { asksFor, requestFor } from "./requests.ts";

function explain(
  routes: readonly RoutePattern[],
  method: string,
  path: string,
  query = "",
): string[] {
  return linesOf(RouteTable.compile(routes).explain(method, requestFor(path, query)));
}

function linesOf({ outcome, others, more }: RoutingAccount): string[] {
  const rest = more === 0 ? [] : [`${more} more ${more === 1 ? "does" : "do"} not match either`];
  return [outcome, ...others.map(({ route, reason }) => `${route} ${reason}`), ...rest];
}

test("the route that gets the request comes first, then why every other does not", () => {
  const routes = [
    { path: "/*" },
    { path: "/api/users/me", methods: ["PUT", "DELETE"] },
    { path: "/api/users/:any" },
    { path: "/api/users/:id", methods: ["GET"] },
    { path: "/api/users/:late", methods: ["GET"] },
    { path: "/api/orders" },
  ];
  expect(explain(routes, "GET", "/api/users/me")).toEqual([
    'GET /api/users/me goes to "/api/users/:id", with id = "me"',
    '"/api/users/me" matches the path but takes only PUT, DELETE',
    '"/api/users/:any" matches too, but lists no methods, and "/api/users/:id" lists GET',
    '"/api/users/:late" matches too, but stands after "/api/users/:id", which takes this request too',
    '"/*" matches too, but is less specific: in segment 1, "api" goes before "*"',
    '"/api/orders" does not match: segment 2 is "users", not "orders"',
  ]);
});

test("a match without parameters is explained without them", () => {
  expect(explain([{ path: "/a" }], "GET", "/a")).toEqual(['GET /a goes to "/a"']);
});

test("a path that no route matches is explained by where the nearest routes differ from it", () => {
  const routes = [{ path: "/other" }, { path: "/a/b/*" }, { path: "/a" }, { path: "/a/b/" }];
  expect(explain(routes, "GET", "/a/b")).toEqual([
    "GET /a/b is answered with 404: no route matches the path",
    '"/a/b/*" does not match: the path ends before "/*"',
    '"/a/b/" does not match: the path ends before "/"',
    '"/a" does not match: the path goes on with "/b"',
    '"/other" does not match: segment 1 is "a", not "other"',
  ]);
});

test("an empty segment is explained as one that a parameter does not match", () => {
  expect(explain([{ path: "/a/:id" }], "GET", "/a/")[1]).toBe(
    '"/a/:id" does not match: segment 2 is empty, where ":id" takes one that is not',
  );
});

test("a method that no route takes is explained by the methods that they do take", () => {
  const routes = [
    { path: "/a", methods: ["GET"] },
    { path: "/a", methods: [] },
  ];
  expect(explain(routes, "PUT", "/a")).toEqual([
    "PUT /a is answered with 405: no route that matches the path takes PUT",
    '"/a" matches the path but takes only GET',
    '"/a" matches the path but takes no method',
  ]);
});

test("a large table is explained in a few lines", () => {
  const routes = Array.from({ length: 1_000 }, (_, index) => ({ path: `/${index}` }));
  const lines = explain(routes, "GET", "/x");
  expect(lines.length).toBe(7);
  expect(lines.at(-1)).toBe("995 more do not match either");
  expect(explain(routes.slice(0, 6), "GET", "/x").at(-1)).toBe("1 more does not match either");
});

test("a path without its slash is explained as no path", () => {
  expect(explain([{ path: "/*" }], "GET", "users")).toEqual(['a path must begin with "/"']);
});

test("conditions are explained if they are not met, and if they decide", () => {
  const routes = [
    { path: "/a" },
    { path: "/a", conditions: [asksFor("x"), asksFor("y")] },
    { path: "/a", conditions: [asksFor("x")] },
    { path: "/a", conditions: [asksFor("z")] },
  ];
  expect(explain(routes, "GET", "/a", "?xz")).toEqual([
    'GET /a goes to "/a"',
    '"/a" matches the path but only if the query has y',
    '"/a" matches too, but stands after "/a", which takes this request too',
    '"/a" matches too, but asks for less than "/a", which is for requests where the query has x',
  ]);
  expect(explain(routes.slice(1, 3), "GET", "/a")).toEqual([
    "GET /a is answered with 404: it meets the conditions of no route that matches the path",
    '"/a" matches the path but only if the query has x and the query has y',
    '"/a" matches the path but only if the query has x',
  ]);
});

describe("hosts", () => {
  const routes = [
    { path: "/a" },
    { path: "/a", hosts: ["*.example.com"], name: "wild" },
    { path: "/*", hosts: ["api.example.com"], name: "api" },
    { path: "/a", hosts: ["x.example", "y.example", "z.example", "other.example"] },
  ];
  const explained = (host: string, path: string) => {
    const target = { host, path, query: "" };
    const table = RouteTable.compile<RoutePattern>(routes);
    return linesOf(table.explain("GET", { ...requestFor(path), target }));
  };

  test("decide before paths, and those of other routes are named", () => {
    expect(explained("API.example.com:80", "/a")).toEqual([
      'GET /a of API.example.com:80 goes to "/*" (api)',
      '"/a" (wild) matches too, but is for *.example.com, and "/*" (api) for api.example.com',
      '"/a" matches too, but is for every host, and "/*" (api) for api.example.com',
      '"/a" does not match: the host is API.example.com:80, not x.example or y.example or z.example or 1 more',
    ]);
  });

  test("are no reason where the path does not match", () => {
    expect(explained("", "/a/")).toEqual([
      "GET /a/ is answered with 404: no route matches the path",
      '"/*" (api) does not match: the host is not named, not api.example.com',
      '"/a" does not match: the path goes on with "/"',
      '"/a" (wild) does not match: the path goes on with "/"',
      '"/a" does not match: the path goes on with "/"',
    ]);
  });
});

test("a priority is explained if it decides", () => {
  const [x, y] = [asksFor("x"), asksFor("y")];
  const routes = [
    { path: "/a", conditions: [x] },
    { path: "/a", conditions: [y], priority: 1, name: "first" },
  ];
  expect(explain(routes, "GET", "/a", "?xy")).toEqual([
    'GET /a goes to "/a" (first)',
    '"/a" matches too, but has a lower priority than "/a" (first), which takes this request too',
  ]);
});
