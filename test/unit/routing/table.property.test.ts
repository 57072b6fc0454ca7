import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { findConflicts } from "../../../src/routing/conflicts.ts";
import type { RoutePattern } from "../../../src/routing/pattern.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import { asksFor, requestFor } from "./requests.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

interface Outcome {
  readonly route?: RoutePattern;
  readonly parameters?: Record<string, string>;
  readonly allow?: string[];
}

// Small alphabets, so that a random request often has several routes to choose from.
const method = fc.constantFrom("GET", "POST", "PUT");
const query = fc.constantFrom("", "x", "y", "xy", "xyz");
const condition = fc.constantFrom(asksFor("x"), asksFor("y"), asksFor("z", 2));
const segmentKind = fc.constantFrom("a", "a", "b", "", ":x", ":y");
const routePattern: fc.Arbitrary<RoutePattern> = fc
  .record({
    kinds: fc.array(segmentKind, { maxLength: 4 }),
    tail: fc.constantFrom("", "a", "*", "*rest", undefined),
    methods: fc.option(fc.uniqueArray(method, { minLength: 1 }), { nil: undefined }),
    conditions: fc.option(fc.uniqueArray(condition, { minLength: 1 }), { nil: undefined }),
  })
  .map(({ kinds, tail, methods, conditions }) => {
    const segments = kinds.map((kind, index) => (kind.startsWith(":") ? kind + index : kind));
    if (tail !== undefined || segments.length === 0) segments.push(tail ?? "");
    return { path: `/${segments.join("/")}`, methods, conditions };
  })
  .filter(({ path }) => !path.startsWith("//"));
const requestPath = fc
  .array(fc.constantFrom("a", "a", "b", "c", ""), { minLength: 1, maxLength: 6 })
  .map((segments) => `/${segments.join("/")}`);

const plainRoute = routePattern.map(({ path, methods }): RoutePattern => ({ path, methods }));

/** A request's method, path and query. */
type Asked = readonly [method: string, path: string, query: string];

/** A matcher that knows nothing of tries: tests every route, in the order of how specific it is. */
function matchNaively(routes: readonly RoutePattern[], [method, path, query]: Asked): Outcome {
  const matching = routes.filter(
    (route) =>
      expressionOf(route.path).test(path) &&
      (route.conditions ?? []).every((condition) => condition.accepts(requestFor(path, query))),
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
    const weight = (route.conditions ?? []).reduce((sum, { weight }) => sum + weight, 0);
    const place = routes.indexOf(route).toString().padStart(3, "0");
    return `${kinds} ${route.methods ? 0 : 1} ${9 - weight} ${place}`;
  }
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

function matchWithTable(routes: readonly RoutePattern[], [method, path, query]: Asked): Outcome {
  const match = RouteTable.compile(routes).match(method, requestFor(path, query));
  if (match.kind === "not_found") return {};
  if (match.kind === "method_not_allowed") return { allow: match.allow.split(", ") };
  if (match.kind === "invalid_path") throw new Error(match.problem);
  return { route: match.route, parameters: { ...match.parameters } };
}

test("a table answers as a matcher that tests one route after another", () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(routePattern, { maxLength: 12 }),
      fc.array(fc.tuple(method, requestPath, query), { minLength: 5, maxLength: 20 }),
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
        const outcome = matchWithTable(routes, [method, path, ""]);
        const other = matchWithTable(shuffled, [method, path, ""]);
        expect(other.route).toBe(outcome.route);
        expect(other.parameters).toEqual(outcome.parameters);
        expect(other.allow?.sort()).toEqual(outcome.allow?.sort());
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a route never gets a request that its conflict says another has taken", () => {
  fc.assert(
    fc.property(
      fc.array(routePattern, { maxLength: 12 }),
      method,
      requestPath,
      query,
      (routes, m, path, query) => {
        const { route } = matchWithTable(routes, [m, path, query]);
        for (const { index, other, message } of findConflicts(routes)) {
          expect(other).toBeLessThan(index);
          if (route !== routes[index]) continue;
          expect(route?.methods).toBeDefined();
          expect(message.split(" on ")[0]).not.toContain(m);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

function withoutConflicts(routes: readonly RoutePattern[]): RoutePattern[] {
  const conflicting = new Set(findConflicts(routes).map(({ index }) => index));
  return routes.filter((_, index) => !conflicting.has(index));
}
