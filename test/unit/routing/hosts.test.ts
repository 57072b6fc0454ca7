import { describe, expect, test } from "bun:test";
import type { Condition } from "../../../src/routing/conditions/condition.ts";
import { conditionsOf } from "../../../src/routing/conditions/of-route.ts";
import type { RoutePattern } from "../../../src/routing/pattern.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import { openExchange, type Opening } from "../pipeline/opening.ts";
import { asksFor, requestFor } from "./requests.ts";

/** The name of the route that gets the request; the status when none does. */
function routeOf(
  routes: readonly RoutePattern[],
  host: string,
  path = "/",
  { method = "GET", query = "" } = {},
): string | number {
  const target = { host, path, query };
  const match = RouteTable.compile(routes).match(method, { ...requestFor(path), target });
  if (match.kind === "route") return match.route.name ?? match.route.path;
  return { not_found: 404, method_not_allowed: 405, invalid_path: 400 }[match.kind];
}

const named = (name: string, hosts?: readonly string[], rest: Partial<RoutePattern> = {}) =>
  ({ name, path: "/*", hosts, ...rest }) satisfies RoutePattern;

describe("a route for hosts", () => {
  const routes = [
    named("any"),
    named("*.com", ["*.com"]),
    named("*.example.com", ["*.example.com"]),
    named("api", ["api.example.com", "[::1]".slice(1, -1)]),
    named("*.b.example.com", ["*.b.example.com"]),
  ];

  test.each([
    ["api.example.com", "api"],
    ["API.EXAMPLE.COM:8443", "api"],
    ["api.example.com.", "api"],
    ["%61pi.example%2Ecom", "api"],
    ["[0:0::1]:80", "api"],
    ["x.api.example.com", "*.example.com"],
    ["www.example.com", "*.example.com"],
    ["a.b.example.com", "*.b.example.com"],
    ["b.example.com", "*.example.com"],
    ["example.com", "*.com"],
    ["com", "any"],
    ["example.org", "any"],
    ["com.", "any"],
    ["", "any"],
    ["a!b.example.com", "any"],
    [".example.com", "any"],
    ["192.0.2.1", "any"],
  ])("takes requests to %s, or leaves them to a less specific one: %s", (host, name) => {
    expect(routeOf(routes, host)).toBe(name);
    expect(routeOf(routes.toReversed(), host)).toBe(name);
  });

  test("comes before the most specific path of one for more hosts", () => {
    const two = [named("any", undefined, { path: "/a/b" }), named("api", ["api.example.com"])];
    expect(routeOf(two, "api.example.com", "/a/b")).toBe("api");
    expect(routeOf(two, "www.example.com", "/a/b")).toBe("any");
  });

  test("gives way to one for more hosts if path, method or conditions do not match", () => {
    const of = (host: string, rest: Partial<RoutePattern>) => named(host, [host], rest);
    const all = [
      of("api.example.com", { path: "/a", methods: ["GET"], conditions: [asksFor("x")] }),
      of("*.example.com", { path: "/a", methods: ["GET", "PUT"] }),
      of("*.com", { path: "/b" }),
      named("any", undefined, { methods: ["GET"] }),
    ];
    const get = (path: string, rest = {}) => routeOf(all, "api.example.com", path, rest);
    expect(get("/a", { query: "?x" })).toBe("api.example.com");
    expect(get("/a")).toBe("*.example.com");
    expect(get("/a", { method: "PUT", query: "?x" })).toBe("*.example.com");
    expect(get("/b")).toBe("*.com");
    expect(get("/c")).toBe("any");
    expect(get("/c", { method: "PUT" })).toBe(405);
  });

  test("is not there for others: 404, and no 405 for what it takes", () => {
    const two = [
      named("get", ["a.example"], { methods: ["GET"] }),
      named("put", ["b.example"], { methods: ["PUT"] }),
    ];
    expect(routeOf(two, "c.example")).toBe(404);
    expect(routeOf(two, "b.example")).toBe(405);
    const target = { host: "b.example", path: "/", query: "" };
    const match = RouteTable.compile(two).match("GET", { ...requestFor("/"), target });
    expect(match).toEqual({ kind: "method_not_allowed", allow: "PUT" });
  });

  test("of several wildcards and names is one route for all of them", () => {
    const one = [named("one", ["a.example", "*.a.example", "*.example"])];
    for (const host of ["a.example", "x.a.example", "x.example"]) {
      expect(routeOf(one, host)).toBe("one");
    }
    expect(routeOf(one, "example")).toBe(404);
  });

  test("names no member of every object by chance", () => {
    for (const host of ["__proto__", "constructor", "x.constructor"]) {
      expect(routeOf([named("a", ["a"]), named("*.a", ["*.a"])], host)).toBe(404);
    }
  });
});

test("no spelling of a path leads from a route for a host to what another one is there for", () => {
  const routes = [
    named("files", ["a.example"], { path: "/files/*" }),
    named("admin", ["a.example"], { path: "/files/admin/*" }),
    named("any", undefined, { path: "/files/admin/*" }),
  ];
  const slash = (host: string, path: string, decodedPath: string) => {
    const target = { host, path, decodedPath, query: "" };
    const match = RouteTable.compile(routes).match("GET", { ...requestFor(path), target });
    return match.kind === "route" ? match.route.name : match.kind;
  };
  expect(slash("a.example", "/files/admin%2Fx", "/files/admin/x")).toBe("invalid_path");
  expect(slash("A.EXAMPLE.", "/files/admin%2Fx", "/files/admin/x")).toBe("invalid_path");
  expect(slash("a.example", "/files/x%2Fadmin", "/files/x/admin")).toBe("files");
  expect(slash("b.example", "/files/admin%2Fx", "/files/admin/x")).toBe("not_found");
});

test("priority decides only what conditions leave open", () => {
  const [x, y] = [asksFor("x"), asksFor("y")];
  const routes = [
    named("x", undefined, { conditions: [x] }),
    named("y", undefined, { conditions: [y], priority: 1 }),
    named("both", undefined, { conditions: [x, y], priority: -1 }),
    named("none", undefined, { priority: 9 }),
  ];
  const [first, second, , none] = routes as [
    RoutePattern,
    RoutePattern,
    RoutePattern,
    RoutePattern,
  ];
  expect(routeOf(routes, "", "/", { query: "?xy" })).toBe("both");
  expect(routeOf([first, second, none], "", "/", { query: "?xy" })).toBe("y");
  expect(routeOf([first, second, none], "", "/", { query: "?x" })).toBe("x");
  expect(routeOf([first, second, none], "", "/")).toBe("none");
});

describe("many routes", () => {
  const asked = (opening: Opening) => openExchange(opening);

  test("of one path that compare one thing are found without trying each", () => {
    let read = 0;
    const routes = Array.from({ length: 5_000 }, (_, index): RoutePattern => {
      const { conditions = [] } = conditionsOf({ headers: { "x-tenant": `t${index}` } });
      const counted = conditions.map((condition): Condition => ({
        ...condition,
        text: condition.text,
        weight: 1,
        accepts(request) {
          read += 1;
          return condition.accepts(request);
        },
      }));
      return { path: "/*", name: `t${index}`, conditions: counted };
    });
    const table = RouteTable.compile([...routes, { path: "/*", name: "rest" }]);
    const ask = (tenant: string) => {
      const match = table.match("GET", asked({ fields: { "x-tenant": tenant } }));
      return match.kind === "route" && match.route.name;
    };
    expect(ask("t4321")).toBe("t4321");
    expect(ask("t5000")).toBe("rest");
    expect(table.match("PUT", asked({ fields: { "x-tenant": "t1" } })).kind).toBe("route");
    expect(read).toBeLessThan(10);
  });

  test("of one path are found by a preflight too, which has no values yet", () => {
    const routes = Array.from({ length: 20 }, (_, index): RoutePattern => {
      const { conditions } = conditionsOf({ headers: { "x-tenant": `t${index}` } });
      return { path: "/*", name: `t${index}`, methods: ["PUT"], conditions };
    });
    const preflight = asked({
      method: "OPTIONS",
      fields: {
        origin: "https://a.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "x-tenant",
      },
    });
    const match = RouteTable.compile(routes).match("PUT", preflight);
    expect(match.kind === "route" && match.route.name).toBe("t0");
  });
});
