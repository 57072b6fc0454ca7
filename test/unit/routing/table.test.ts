import { describe, expect, test } from "bun:test";
import type { RoutePattern } from "../../../src/routing/pattern.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import { asksFor, requestFor } from "./requests.ts";

/** The path of the route that gets the request; the status when none does. */
function routeOf(routes: readonly RoutePattern[], path: string, method = "GET"): string | number {
  const match = RouteTable.compile(routes).match(method, requestFor(path));
  if (match.kind === "route") return match.route.path;
  return match.kind === "not_found" ? 404 : 405;
}

function parametersOf(path: string, requestPath: string): Record<string, string> {
  const match = RouteTable.compile([{ path }]).match("GET", requestFor(requestPath));
  if (match.kind !== "route") throw new Error(match.kind);
  return { ...match.parameters };
}

function allowOf(routes: readonly RoutePattern[], path: string, method: string): string {
  const match = RouteTable.compile(routes).match(method, requestFor(path));
  if (match.kind !== "method_not_allowed") throw new Error(match.kind);
  return match.allow;
}

function pathsOf(...paths: string[]): RoutePattern[] {
  return paths.map((path) => ({ path }));
}

describe("a literal path", () => {
  test("matches itself and nothing else", () => {
    const routes = pathsOf("/api/users");
    expect(routeOf(routes, "/api/users")).toBe("/api/users");
    for (const path of ["/", "/api", "/api/users/", "/api/users/1", "/API/users", "/api/user"]) {
      expect(routeOf(routes, path)).toBe(404);
    }
  });

  test("distinguishes a trailing slash from none", () => {
    const routes = pathsOf("/a", "/a/");
    expect(routeOf(routes, "/a")).toBe("/a");
    expect(routeOf(routes, "/a/")).toBe("/a/");
  });

  test("keeps its empty segments", () => {
    const routes = pathsOf("/a//b", "/:x/b");
    expect(routeOf(routes, "/a//b")).toBe("/a//b");
    expect(routeOf(routes, "/a/b")).toBe("/:x/b");
    expect(routeOf(routes, "/a///b")).toBe(404);
  });

  test("is compared without decoding", () => {
    expect(routeOf(pathsOf("/a%2Fb"), "/a%2Fb")).toBe("/a%2Fb");
    expect(routeOf(pathsOf("/a%2Fb"), "/a%2fb")).toBe(404);
    expect(routeOf(pathsOf("/a/b"), "/a%2Fb")).toBe(404);
  });
});

describe("a parameter", () => {
  test("stands for one segment, as it was sent", () => {
    expect(parametersOf("/users/:id/posts/:post", "/users/a%20b/posts/7")).toEqual({
      id: "a%20b",
      post: "7",
    });
  });

  test("does not stand for an empty segment or for two", () => {
    for (const path of ["/users", "/users/", "/users/1/", "/users/1/2", "/users//"]) {
      expect(routeOf(pathsOf("/users/:id"), path)).toBe(404);
    }
    expect(routeOf(pathsOf("/:id/x"), "//x")).toBe(404);
  });

  test("can be followed by a trailing slash", () => {
    expect(parametersOf("/users/:id/", "/users/1/")).toEqual({ id: "1" });
    expect(routeOf(pathsOf("/users/:id/"), "/users/1")).toBe(404);
  });

  test("can be called like a member of every object", () => {
    const match = RouteTable.compile(pathsOf("/:__proto__/:constructor")).match(
      "GET",
      requestFor("/a/b"),
    );
    expect(match.kind === "route" && Object.entries(match.parameters)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });
});

describe("a wildcard", () => {
  test("matches the slash before it and everything below", () => {
    const routes = pathsOf("/api/users/*");
    for (const path of ["/api/users/", "/api/users/1", "/api/users/1/2/", "/api/users///"]) {
      expect(routeOf(routes, path)).toBe("/api/users/*");
    }
    expect(routeOf(routes, "/api/users")).toBe(404);
    expect(routeOf(routes, "/api/usersx")).toBe(404);
  });

  test("at the top matches every path", () => {
    for (const path of ["/", "/a", "/a/", "/a/b", "//"]) {
      expect(routeOf(pathsOf("/*"), path)).toBe("/*");
    }
  });

  test("with a name stands for the rest of the path", () => {
    expect(parametersOf("/files/*rest", "/files/a/b%2F/")).toEqual({ rest: "a/b%2F/" });
    expect(parametersOf("/files/*rest", "/files/")).toEqual({ rest: "" });
    expect(parametersOf("/:bucket/*key", "/one/two/three")).toEqual({
      bucket: "one",
      key: "two/three",
    });
  });

  test("without a name leaves the parameters as they are", () => {
    expect(parametersOf("/files/*", "/files/a")).toEqual({});
    expect(parametersOf("/:bucket/*", "/one/two")).toEqual({ bucket: "one" });
  });
});

describe("the most specific route", () => {
  const routes = pathsOf("/*", "/:a/:b", "/a/*", "/:a/b", "/a/:b", "/a/b", "/a/b/*", "/a/:b/c");

  test.each([
    ["/a/b", "/a/b"],
    ["/a/x", "/a/:b"],
    ["/x/b", "/:a/b"],
    ["/x/y", "/:a/:b"],
    ["/a/", "/a/*"],
    ["/a/b/c", "/a/b/*"],
    ["/a/x/c", "/a/:b/c"],
    ["/a/x/y", "/a/*"],
    ["/a", "/*"],
    ["/x/y/z", "/*"],
  ])("for %s is %s", (path, route) => {
    expect(routeOf(routes, path)).toBe(route);
    expect(routeOf(routes.toReversed(), path)).toBe(route);
  });

  test("is decided from the left: a literal segment outweighs any number of later ones", () => {
    expect(routeOf(pathsOf("/:a/b/c/d", "/a/*"), "/a/b/c/d")).toBe("/a/*");
  });

  test("is found by going back when a more specific beginning leads nowhere", () => {
    expect(routeOf(pathsOf("/a/b/c", "/a/b/:x/d", "/:x/b/c/e"), "/a/b/c/e")).toBe("/:x/b/c/e");
  });
});

describe("the method", () => {
  test("chooses among routes with the same path", () => {
    const routes = [
      { path: "/a/:x", methods: ["GET"] },
      { path: "/a/:y", methods: ["POST"] },
    ];
    expect(routeOf(routes, "/a/1", "GET")).toBe("/a/:x");
    expect(routeOf(routes, "/a/1", "POST")).toBe("/a/:y");
  });

  test("prefers the route that lists it to one that lists none", () => {
    const routes = [{ path: "/a/:any" }, { path: "/a/:get", methods: ["GET"] }];
    expect(routeOf(routes, "/a/1", "GET")).toBe("/a/:get");
    expect(routeOf(routes, "/a/1", "PURGE")).toBe("/a/:any");
  });

  test("passes a request on to a less specific route that takes it", () => {
    const routes = [
      { path: "/a/b", methods: ["GET"] },
      { path: "/a/:x", methods: ["PUT"] },
      { path: "/a/*", methods: ["POST", "GET"] },
      { path: "/*", methods: ["DELETE"] },
    ];
    expect(routeOf(routes, "/a/b", "GET")).toBe("/a/b");
    expect(routeOf(routes, "/a/b", "PUT")).toBe("/a/:x");
    expect(routeOf(routes, "/a/b", "POST")).toBe("/a/*");
    expect(routeOf(routes, "/a/b", "DELETE")).toBe("/*");
  });

  test("that no route takes is answered with all that the matching routes do take, in their order", () => {
    const routes = [
      { path: "/a/*", methods: ["POST", "GET"] },
      { path: "/a/:id", methods: ["PUT"] },
      { path: "/a/b", methods: ["GET", "DELETE"] },
      { path: "/other", methods: ["TRACE"] },
    ];
    expect(allowOf(routes, "/a/b", "PATCH")).toBe("POST, GET, PUT, DELETE");
    expect(allowOf(routes, "/a/c", "PATCH")).toBe("POST, GET, PUT");
  });

  test("is compared as it stands: GET takes neither get nor HEAD", () => {
    const routes = [{ path: "/a", methods: ["GET"] }];
    expect(allowOf(routes, "/a", "HEAD")).toBe("GET");
    expect(allowOf(routes, "/a", "get")).toBe("GET");
  });

  test("is never taken by a route that lists an empty number of them", () => {
    expect(allowOf([{ path: "/a", methods: [] }], "/a", "GET")).toBe("");
  });
});

describe("conditions", () => {
  const [x, y, heavy] = [asksFor("x"), asksFor("y"), asksFor("heavy", 3)];
  const routes: RoutePattern[] = [
    { path: "/:any" },
    { path: "/:x", conditions: [x] },
    { path: "/:y", conditions: [y] },
    { path: "/:both", conditions: [x, y] },
    { path: "/:heavy", conditions: [heavy] },
    { path: "/:get", methods: ["GET"], conditions: [x] },
    { path: "/*", methods: ["PUT"] },
  ];
  const chosen = (query: string, method: string, among = routes) => {
    const match = RouteTable.compile(among).match(method, requestFor("/1", query));
    return match.kind === "route" ? match.route.path : match.kind;
  };

  test("that a request meets take it away from a route of the same path without any", () => {
    expect(chosen("", "POST")).toBe("/:any");
    expect(chosen("?y", "POST")).toBe("/:y");
  });

  test("decide by how much they ask, then by their order", () => {
    expect(chosen("?xy", "POST")).toBe("/:both");
    expect(chosen("?xy&heavy", "POST")).toBe("/:heavy");
    const [any, ...others] = routes.slice(0, 3);
    expect(chosen("?xy", "POST", [any!, ...others])).toBe("/:x");
    expect(chosen("?xy", "POST", [any!, ...others.toReversed()])).toBe("/:y");
  });

  test("are asked after the method: a route that lists it goes first", () => {
    expect(chosen("?xy", "GET")).toBe("/:get");
    expect(chosen("?y", "GET")).toBe("/:y");
  });

  test("that are not met pass a request on to a less specific route", () => {
    const [, , , , , get, rest] = routes;
    expect(chosen("", "PUT", [get!, rest!])).toBe("/*");
  });

  test("that no request for the path meets are a 404, and a 405 if only the method is wrong", () => {
    const among: RoutePattern[] = [{ path: "/:get", methods: ["GET"], conditions: [x] }];
    expect(chosen("?y", "GET", among)).toBe("not_found");
    expect(chosen("?y", "PUT", among)).toBe("not_found");
    expect(chosen("?x", "PUT", among)).toBe("method_not_allowed");
  });
});

test("of two routes that take the same requests, the first gets them", () => {
  const routes = [
    { path: "/:first", methods: ["GET"] },
    { path: "/:second", methods: ["GET"] },
    { path: "/:third" },
    { path: "/:fourth" },
  ];
  expect(routeOf(routes, "/1", "GET")).toBe("/:first");
  expect(routeOf(routes, "/1", "PUT")).toBe("/:third");
});

test("text that names members of every object matches only what was written", () => {
  const routes = [{ path: "/a", methods: ["GET"] }, { path: "/b/:id" }];
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    expect(routeOf(routes, `/${name}`)).toBe(404);
    expect(routeOf(routes, `/b/${name}/${name}`)).toBe(404);
    expect(routeOf(routes, "/a", name)).toBe(405);
    expect(routeOf(pathsOf(`/${name}`, "/*"), `/${name}`)).toBe(`/${name}`);
  }
});

test("a path without its slash matches nothing", () => {
  for (const path of ["", "*", "a"]) expect(routeOf(pathsOf("/*", "/:a", "/"), path)).toBe(404);
});

test("a table without routes matches nothing", () => {
  expect(routeOf([], "/")).toBe(404);
});

test("a path that cannot be read keeps a table from being compiled", () => {
  expect(() => RouteTable.compile(pathsOf("/ok", "/a/:"))).toThrow(
    'route "/a/:": a parameter needs a name',
  );
});

test("the match of a path without names is one shared object that cannot be filled", () => {
  const table = RouteTable.compile(pathsOf("/a", "/b/*"));
  expect(table.match("GET", requestFor("/b/1"))).toBe(table.match("POST", requestFor("/b/2")));
  const match = table.match("GET", requestFor("/a"));
  expect(match.kind === "route" && Object.isFrozen(match.parameters)).toBe(true);
});

describe("a hostile path costs no more than a walk over the routes' segments", () => {
  const DEPTH = 60;

  test("where every segment could be a literal or a parameter", () => {
    // Read one by one, these patterns offer 2^60 ways to take the path apart.
    const routes = Array.from({ length: 2 * DEPTH }, (_, route): RoutePattern => {
      const segments = Array.from({ length: DEPTH }, (_, index) =>
        (index + route) % (2 + (route % 7)) === 0 ? `:p${index}` : "a",
      );
      return { path: `/${segments.join("/")}/end` };
    });
    expect(routeOf(routes, `${"/a".repeat(DEPTH)}/END`)).toBe(404);
    expect(routeOf(routes, "/a".repeat(8_000))).toBe(404);
  });

  test("where every beginning has a wildcard that declines the method", () => {
    const routes = Array.from({ length: DEPTH }, (_, depth) => [
      { path: `${"/a".repeat(depth)}/*`, methods: ["POST"] },
      { path: `${"/a".repeat(depth)}/:x/*`, methods: ["PUT"] },
    ]).flat();
    expect(allowOf(routes, "/a".repeat(8_000), "GET")).toBe("POST, PUT");
    expect(allowOf(routes, "/".repeat(8_000), "GET")).toBe("POST");
  });

  test("where all literals and parameters are combined", () => {
    const routes = Array.from({ length: 2 ** 10 }, (_, bits): RoutePattern => {
      const segments = Array.from({ length: 10 }, (_, index) =>
        (bits >> index) % 2 === 0 ? "a" : `:p${index}`,
      );
      return { path: `/${segments.join("/")}`, methods: ["POST"] };
    });
    expect(allowOf(routes, "/a".repeat(10), "GET")).toBe("POST");
    expect(routeOf(routes, "/a".repeat(11))).toBe(404);
  });
});
