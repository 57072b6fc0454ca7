import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { findConflicts } from "../../../src/routing/conflicts.ts";
import type { RoutePattern } from "../../../src/routing/pattern.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import { conditionsOf } from "../../../src/routing/conditions/of-route.ts";
import { parentsOf } from "../../../src/http/host-pattern.ts";
import { requestFor } from "./requests.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

interface Outcome {
  readonly route?: RoutePattern;
  readonly parameters?: Record<string, string>;
  readonly allow?: string[];
}

// Small alphabets, so that a random request often has several routes to choose from.
const method = fc.constantFrom("GET", "POST", "PUT");
const host = fc.constantFrom(
  "a.test",
  "b.test",
  "x.a.test",
  "y.x.a.test",
  "A.test:80",
  "other",
  "",
);
const hostPattern = fc.constantFrom(
  "a.test",
  "b.test",
  "*.a.test",
  "*.x.a.test",
  "*.test",
  "y.x.a.test",
);
const parameter = fc.record({
  v: fc.option(fc.constantFrom("1", "2", "3"), { nil: undefined }),
  w: fc.option(fc.constantFrom("1", "2"), { nil: undefined }),
});
const query = parameter.map((parameters) => {
  const written = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return written.length === 0 ? "" : `?${written.map((pair) => pair.join("=")).join("&")}`;
});
const valueTest = fc.constantFrom<unknown>(
  "1",
  "2",
  ["1", "2"],
  ["2", "3"],
  { present: true },
  {
    present: false,
  },
  { matches: "^[12]$" },
);
const conditions = fc
  .record({ v: valueTest, w: valueTest }, { requiredKeys: [] })
  .map((tests) => conditionsOf({ query: tests }).conditions);
const segmentKind = fc.constantFrom("a", "a", "b", "", ":x", ":y");
const routePattern: fc.Arbitrary<RoutePattern> = fc
  .record({
    kinds: fc.array(segmentKind, { maxLength: 4 }),
    tail: fc.constantFrom("", "a", "*", "*rest", undefined),
    hosts: fc.option(fc.uniqueArray(hostPattern, { minLength: 1, maxLength: 3 }), {
      nil: undefined,
    }),
    methods: fc.option(fc.uniqueArray(method, { minLength: 1 }), { nil: undefined }),
    conditions,
    priority: fc.constantFrom(undefined, undefined, 0, 1, -1),
  })
  .map(({ kinds, tail, ...rest }) => {
    const segments = kinds.map((kind, index) => (kind.startsWith(":") ? kind + index : kind));
    if (tail !== undefined || segments.length === 0) segments.push(tail ?? "");
    return { path: `/${segments.join("/")}`, ...rest };
  })
  .filter(({ path }) => !path.startsWith("//"));
/** Routes for two paths, so that many are for the same one. */
const crowd = fc.array(
  fc
    .tuple(routePattern, fc.constantFrom("/*", "/:x"))
    .map(([route, path]): RoutePattern => ({ ...route, path })),
  { minLength: 10, maxLength: 40 },
);
const requestPath = fc
  .array(fc.constantFrom("a", "a", "b", "c", ""), { minLength: 1, maxLength: 6 })
  .map((segments) => `/${segments.join("/")}`);
const asked: fc.Arbitrary<Asked> = fc.tuple(method, requestPath, query, host);

const plainRoute = routePattern.map(({ path, methods }): RoutePattern => ({ path, methods }));

/** A request's method, path, query and host. */
type Asked = readonly [method: string, path: string, query: string, host: string];

function requestOf([, path, query, host]: Asked) {
  return { ...requestFor(path), target: { host, path, query } };
}

/** A matcher that knows nothing of tries: tests every route, in the order of how specific it is. */
function matchNaively(routes: readonly RoutePattern[], asked: Asked): Outcome {
  const [method, path, , host] = asked;
  const matching = routes.filter(
    (route) =>
      expressionOf(route.path).test(path) &&
      hostRank(route, host) !== undefined &&
      (route.conditions ?? []).every((condition) => condition.accepts(requestOf(asked))),
  );
  const taking = matching.filter((route) => route.methods?.includes(method) ?? true);
  const [route] = taking.toSorted((one, other) => (rankOf(one) < rankOf(other) ? -1 : 1));
  if (route !== undefined) {
    return { route, parameters: { ...expressionOf(route.path).exec(path)?.groups } };
  }
  if (matching.length === 0) return {};
  return { allow: [...new Set(matching.flatMap((route) => route.methods ?? []))] };

  /** Text that sorts the most specific first. */
  function rankOf(route: RoutePattern): string {
    const kinds = route.path.slice(1).split("/").map(digitOf).join("");
    const weight = (route.conditions ?? []).length;
    const place = routes.indexOf(route).toString().padStart(3, "0");
    const priority = 5 - (route.priority ?? 0);
    return `${hostRank(route, host)} ${kinds} ${route.methods ? 0 : 1} ${9 - weight} ${priority} ${place}`;
  }
}

/** Text that sorts the most specific first; undefined if the route is not for the host. */
function hostRank({ hosts }: RoutePattern, asked: string): string | undefined {
  if (hosts === undefined) return "9";
  const host = asked.replace(/:.*$/, "").toLowerCase();
  if (hosts.includes(host)) return "0";
  const lengths = hosts
    .filter((one) => one.startsWith("*.") && host.endsWith(one.slice(1)))
    .map((one) => one.length);
  return lengths.length === 0 ? undefined : `1${99 - Math.max(...lengths)}`;
}

function digitOf(segment: string): number {
  return [":", "*"].indexOf(segment.slice(0, 1) || "-") + 1;
}

function expressionOf(path: string): RegExp {
  const source = path
    .replace(/:(\w+)/g, "(?<$1>[^/]+)")
    .replace(/\*(\w+)$/, "(?<$1>.*)")
    .replace(/\*$/, path.endsWith("/*") ? ".*" : "*");
  return new RegExp(`^${source}$`);
}

function matchWithTable(routes: readonly RoutePattern[], asked: Asked): Outcome {
  const match = RouteTable.compile(routes).match(asked[0], requestOf(asked));
  if (match.kind === "not_found") return {};
  if (match.kind === "method_not_allowed") return { allow: match.allow.split(", ") };
  if (match.kind === "invalid_path") throw new Error(match.problem);
  return { route: match.route, parameters: { ...match.parameters } };
}

test("a table answers as a matcher that tests one route after another", () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(
      fc.oneof(fc.array(routePattern, { maxLength: 12 }), crowd),
      fc.array(asked, { minLength: 5, maxLength: 20 }),
      (routes, requests) => {
        for (const request of requests) {
          const outcome = matchWithTable(routes, request);
          kinds.add(Object.keys(outcome).join());
          const naive = matchNaively(routes, request);
          expect(outcome).toEqual(naive);
          expect(outcome.route).toBe(naive.route);
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect([...kinds].sort()).toEqual(["", "allow", "route,parameters"]);
});

test("the order of routes without conditions and conflicts is of no consequence", () => {
  fc.assert(
    fc.property(
      fc
        .array(plainRoute, { maxLength: 12 })
        .map(withoutConflicts)
        .chain((routes) =>
          fc.tuple(
            fc.constant(routes),
            fc.shuffledSubarray(routes, { minLength: routes.length, maxLength: routes.length }),
          ),
        ),
      method,
      requestPath,
      ([routes, shuffled], method, path) => {
        const outcome = matchWithTable(routes, [method, path, "", ""]);
        const other = matchWithTable(shuffled, [method, path, "", ""]);
        expect(other.route).toBe(outcome.route);
        expect(other.parameters).toEqual(outcome.parameters);
        expect(other.allow?.sort()).toEqual(outcome.allow?.sort());
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a route never gets a request that its conflict says another has taken", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.array(routePattern, { maxLength: 12 }), crowd),
      asked,
      (routes, request) => {
        const { route } = matchWithTable(routes, request);
        for (const { index, other, message } of findConflicts(routes)) {
          found += 1;
          expect(other).not.toBe(index);
          if (route === undefined || route !== routes[index]) continue;
          // It is for another method, or for another host.
          const [requests] = message.split(/ (?:is|are) already taken/);
          const isOfHost = hostsIn(requests ?? "").some(
            (host) => bestHost(route, request[3]) === host,
          );
          const takes =
            requests?.startsWith("the requests") ||
            requests?.split(" on ")[0]?.includes(request[0]);
          expect(takes === true && (isOfHost || route.hosts === undefined)).toBeFalse();
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect(found).toBeGreaterThan(100);
});

test("of two routes of one place, the second is in conflict exactly if it never gets a request", () => {
  const pair = fc
    .tuple(routePattern, routePattern)
    .map(([one, other]): RoutePattern[] => [
      one,
      { ...other, path: one.path, hosts: one.hosts, methods: one.methods, priority: one.priority },
    ]);
  const everyQuery = ["1", "2", "3", "4", undefined].flatMap((v) =>
    ["1", "2", "3", "4", undefined].map((w) => {
      const written = [v && `v=${v}`, w && `w=${w}`].filter((one) => one !== undefined);
      return written.length === 0 ? "" : `?${written.join("&")}`;
    }),
  );
  fc.assert(
    fc.property(pair, (routes) => {
      const [one, other] = routes;
      const path = one?.path.replace(/[:*]\w*/g, "a") ?? "";
      const host = one?.hosts?.[0]?.replace("*", "z") ?? "";
      const method = one?.methods?.[0] ?? "GET";
      const gets = everyQuery.some(
        (query) => matchWithTable(routes, [method, path, query, host]).route === other,
      );
      const conflict = findConflicts(routes).find(({ index }) => index === 1);
      // That an expression matches only certain values is not seen.
      if (!gets) expect(conflict !== undefined || routes.some(hasExpression)).toBeTrue();
      if (conflict !== undefined) expect(gets).toBeFalse();
    }),
    { numRuns: 2_000 },
  );
});

function hasExpression({ conditions = [] }: RoutePattern): boolean {
  return conditions.some(({ text }) => text.includes("matches"));
}

/** The hosts that a conflict's message names. */
function hostsIn(requests: string): string[] {
  return requests.split(" to ")[1]?.split(/, | and /) ?? [];
}

function bestHost({ hosts = [] }: RoutePattern, asked: string): string | undefined {
  const host = asked.replace(/:.*$/, "").toLowerCase();
  return [host, ...parentsOf(host).map((parent) => `*.${parent}`)].find((one) =>
    hosts.includes(one),
  );
}

function withoutConflicts(routes: readonly RoutePattern[]): RoutePattern[] {
  const conflicting = new Set(findConflicts(routes).map(({ index }) => index));
  return routes.filter((_, index) => !conflicting.has(index));
}
