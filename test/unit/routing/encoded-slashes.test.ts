import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { targetOf } from "../../../src/http/target.ts";
import {
  covers,
  type Pattern,
  patternOf,
  type RoutePattern,
} from "../../../src/routing/pattern.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";
import { requestFor } from "./requests.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** A request whose target is written like this. */
function asked(written: string, host = "gateway.test") {
  return { ...requestFor("/"), target: targetOf("GET", written, host) };
}

type Mode = "keep" | "reject" | "decode";

/** The path of the route that gets a request, and the path that it is matched by; otherwise why not. */
function outcome(routes: readonly RoutePattern[], written: string, mode: Mode = "keep"): string {
  const request = asked(written);
  const match = RouteTable.compile(routes, mode).match("GET", request);
  if (match.kind !== "route") return match.kind;
  return `${match.route.path} ${match.path ?? request.target.path}`;
}

const paths = (...all: string[]): RoutePattern[] => all.map((path) => ({ path }));

describe("encoded slashes that are kept", () => {
  test("are part of their segment", () => {
    const routes = paths("/projects/:id/issues", "/files/*", "/a%2Fb");
    expect(outcome(routes, "/projects/group%2fname/issues")).toBe(
      "/projects/:id/issues /projects/group%2Fname/issues",
    );
    expect(outcome(routes, "/files/a%5cb%2F")).toBe("/files/* /files/a%5Cb%2F");
    expect(outcome(routes, "/a%2fb")).toBe("/a%2Fb /a%2Fb");
    expect(outcome(routes, "/projects%2Fgroup")).toBe("not_found");
    expect(outcome(routes, "/a/b")).toBe("not_found");
  });

  test("are kept by an exception to a route that would match without them", () => {
    const routes = paths("/projects/:id/issues", "/*");
    expect(outcome(routes, "/projects/a%2Fb/issues")).toStartWith("/projects/:id/issues ");
  });

  test.each([
    "/admin%2Fusers",
    "/admin%5cusers",
    "/%2Fadmin/users",
    "/%2Fadmin%2F%2Fusers",
    "/admin%2F",
    "/\\admin/users",
  ])("do not lead around a more specific route: %p", (written) => {
    expect(outcome(paths("/admin/*", "/*"), written)).toBe("invalid_path");
  });

  test("may lead to what the route has anyway", () => {
    expect(outcome(paths("/admin/*", "/*"), "/admin/a%2Fb")).toBe("/admin/* /admin/a%2Fb");
  });

  test("are refused where the methods of the other route make it the right one", () => {
    const routes = [{ path: "/admin/*", methods: ["GET"] }, { path: "/*" }];
    const table = RouteTable.compile(routes);
    expect(table.match("GET", asked("/admin%2Fa")).kind).toBe("invalid_path");
    // As is "/admin/a".
    expect(table.match("PUT", asked("/admin%2Fa"))).toMatchObject({ route: { path: "/*" } });
  });
});

describe("encoded slashes that are decoded", () => {
  test("part segments, and the path is decoded for the backend as well", () => {
    const routes = paths("/admin/*", "/*");
    expect(outcome(routes, "/admin%2Fusers", "decode")).toBe("/admin/* /admin/users");
    expect(outcome(routes, "/%2F%5Cadmin%2f/users", "decode")).toBe("/admin/* /admin/users");
    expect(outcome(routes, "/a%252Fb", "decode")).toBe("/* /a%252Fb");
  });

  test("may lead to no route", () => {
    expect(outcome(paths("/:x"), "/a%2Fb", "decode")).toBe("not_found");
  });

  test("fill the parameters of the route that they lead to", () => {
    const match = RouteTable.compile(paths("/:x/:y"), "decode").match("GET", asked("/a%2Fb"));
    expect(match).toMatchObject({ kind: "route", parameters: { x: "a", y: "b" }, path: "/a/b" });
  });
});

test("encoded slashes that are rejected are refused, with a route or without", () => {
  expect(outcome(paths("/a/*"), "/a/b%2Fc", "reject")).toBe("invalid_path");
  expect(outcome(paths("/a/*"), "/b%5Cc", "reject")).toBe("invalid_path");
  expect(outcome(paths("/a/*"), "/a/b%252F", "reject")).toBe("/a/* /a/b%252F");
});

test("a route's own mode counts before the server's, on the path as it was sent", () => {
  const routes: RoutePattern[] = [
    { path: "/keep/*", encodedSlashes: "keep" },
    { path: "/reject/*", encodedSlashes: "reject" },
    { path: "/decode/*", encodedSlashes: "decode" },
    { path: "/other/*" },
  ];
  for (const mode of ["keep", "reject", "decode"] as const) {
    expect(outcome(routes, "/keep/a%2Fb", mode)).toBe("/keep/* /keep/a%2Fb");
    expect(outcome(routes, "/reject/a%2Fb", mode)).toBe("invalid_path");
    expect(outcome(routes, "/decode/a%2Fb", mode)).toBe("/decode/* /decode/a/b");
  }
  expect(outcome(routes, "/other/a%2Fb", "decode")).toBe("/other/* /other/a/b");
  expect(outcome(routes, "/other/a%2Fb", "reject")).toBe("invalid_path");
});

test("an explanation names the path that was matched, or why none was", () => {
  const table = RouteTable.compile<RoutePattern>([
    { path: "/admin/*" },
    { path: "/x/*", encodedSlashes: "decode" },
    { path: "/*" },
  ]);
  expect(table.explain("GET", asked("/admin%2Fa"))).toEqual({
    outcome:
      "GET /admin%2Fa is answered with 400: the path contains an encoded slash or backslash, and decoded it is another route's",
    others: [],
    more: 0,
  });
  expect(table.explain("GET", asked("/x/a%2Fb")).outcome).toBe('GET /x/a/b goes to "/x/*"');
});

const segment = fc.constantFrom("a", "b", ":x", ":y");
const routePath = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom("", "*", "a", "*", "%2F", "a%2Fb"))
  .map(([segments, last]) =>
    [...segments, last].map((text, at) => `/${text.startsWith(":") ? text + at : text}`).join(""),
  );
const mode = fc.constantFrom<Mode>("keep", "decode", "reject");
const someHosts = fc.constantFrom(["gateway.test"], ["*.test"], ["a.b"], ["*.test", "a.b"]);
const route: fc.Arbitrary<RoutePattern> = fc.record({
  path: routePath,
  hosts: fc.option(someHosts, { nil: undefined }),
  encodedSlashes: fc.option(mode, { nil: undefined }),
});
const piece = fc.constantFrom(
  ..."/ / a b %2F %2f %5C \\ .. . %2e %2E. %252F %61 %62 // ; /../ /a/b %2F..%2F".split(" "),
);
const written = fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join("")}`);

/** What a backend takes a path for that decodes its slashes, and resolves dot segments only then. */
function lenientReading(path: string): string {
  const walked: string[] = [];
  for (const text of path
    .replace(/%(?:2f|5c)/gi, "/")
    .replaceAll("\\", "/")
    .split("/")) {
    if (text === "..") walked.pop();
    else if (text !== ".") walked.push(text);
  }
  return `/${walked.join("/")}`.replace(/\/{2,}/g, "/");
}

const host = fc.constantFrom("gateway.test", "GATEWAY.test.", "%67ateway.test", "a.b", "other");

test("a backend that decodes slashes sees no path that is for a route beside or below the matched one", () => {
  let kept = 0;
  fc.assert(
    fc.property(
      fc.array(route, { maxLength: 8 }),
      mode,
      written,
      host,
      (routes, serverMode, text, asker) => {
        const request = asked(text, asker);
        if (request.target.refusal !== undefined) return;
        const table = RouteTable.compile(routes, serverMode);
        const match = table.match("GET", request);
        if (match.kind !== "route") return;
        const sent = match.path ?? request.target.path;
        const seen = lenientReading(sent);
        if (seen !== sent) kept += 1;
        const other = RouteTable.compile(routes).match("GET", asked(seen, asker));
        expect(other.kind).not.toBe("invalid_path");
        if (other.kind !== "route" || other.route === match.route) return;
        expect(seen).not.toBe(sent);
        expect(covers(patternOf(other.route), patternOf(match.route))).toBeTrue();
      },
    ),
    { numRuns: 5_000 },
  );
  expect(kept).toBeGreaterThan(10);
});

test("a backend that decodes slashes sees no path outside of the literal segments of the matched route", () => {
  fc.assert(
    fc.property(fc.array(route, { maxLength: 8 }), written, (routes, text) => {
      const request = asked(text);
      if (request.target.refusal !== undefined) return;
      const match = RouteTable.compile(routes).match("GET", request);
      if (match.kind !== "route") return;
      const seen = lenientReading(match.path ?? request.target.path);
      expect(seen).toStartWith(lenientReading(literalStart(patternOf(match.route))));
    }),
    { numRuns: 5_000 },
  );
});

/** The literal segments with which a pattern begins. */
function literalStart({ segments }: Pattern): string {
  const end = segments.findIndex(({ kind }) => kind !== "static");
  return `/${segments
    .slice(0, end === -1 ? segments.length : end)
    .map(({ text }) => text)
    .join("/")}`;
}

describe("a pattern", () => {
  test.each([
    ["/*", "/"],
    ["/*", "/a/:x/*"],
    ["/a/*", "/a/b"],
    ["/:x/b", "/a/b"],
    ["/:x/:y", "/:a/:b"],
    ["/a/", "/a/"],
    ["/a/*", "/a/*rest"],
  ])("%s covers %s", (general, special) => {
    expect(covers(patternOf({ path: general }), patternOf({ path: special }))).toBeTrue();
  });

  test.each([
    ["/a/*", "/*"],
    ["/a/*", "/a"],
    ["/a/:x", "/a/*"],
    ["/a/:x", "/a/"],
    ["/a/b", "/a/:x"],
    ["/a/b", "/a/c"],
    ["/:x", "/:x/:y"],
    ["/:x/:y", "/:x"],
  ])("%s does not cover %s", (general, special) => {
    expect(covers(patternOf({ path: general }), patternOf({ path: special }))).toBeFalse();
  });
});
