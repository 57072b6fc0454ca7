import { accepts, Candidates, createCandidate, matchOf } from "./candidates.ts";
import type { Candidate, RouteMatch } from "./candidates.ts";
import type { RoutedRequest } from "./conditions/condition.ts";
import { explainRouting } from "./explain.ts";
import { type Pattern, patternOf, type RoutePattern } from "./pattern.ts";
import { runThrough, type Steps } from "../time/slices.ts";
import { PatternTrie } from "./trie.ts";

export type { RoutePattern } from "./pattern.ts";

/** The outcome of a request: a route, or 404, or 405 with the value of its Allow field. */
export type Match<R> =
  | RouteMatch<R>
  | { readonly kind: "not_found" }
  | { readonly kind: "method_not_allowed"; readonly allow: string };

const NOT_FOUND = { kind: "not_found" } as const;

/**
 * Finds the route of a request, whatever the order of the routes: segment by segment from the left, a
 * literal comes before a parameter, and that before a wildcard. Among routes of one shape the method
 * decides, then the weight of their conditions, then their order. A route that does not accept the
 * method or whose conditions are not met gives way to a less specific one.
 */
export class RouteTable<R extends RoutePattern> {
  readonly #routes: Candidate<R>[] = [];
  /** Paths without parameters and wildcards: always the most specific, found by one lookup. */
  readonly #exact = new Map<string, Candidates<R>>();
  readonly #patterns = new PatternTrie<Candidates<R>>();

  private constructor() {}

  /** Throws an Error for a path that `parsePattern` has a problem with. */
  static compile<R extends RoutePattern>(routes: readonly R[]): RouteTable<R> {
    return runThrough(RouteTable.compileInSteps(routes));
  }

  /** The same, a route at a step. */
  static *compileInSteps<R extends RoutePattern>(routes: readonly R[]): Steps<RouteTable<R>> {
    const table = new RouteTable<R>();
    for (const route of routes) {
      table.#add(route);
      yield undefined;
    }
    return table;
  }

  /**
   * The method may differ from the request's own, for a preflight. The path is everything before "?",
   * as sent. Results are shared: do not change them.
   */
  match(method: string, request: RoutedRequest): Match<R> {
    const { path } = request.target;
    const candidate = this.#search(path, method, request, choose);
    return candidate === undefined ? this.#refuse(request) : matchOf(candidate, path);
  }

  /**
   * Explains to an operator what `match` would do and why, one line each: the outcome, the other routes
   * that match the path, and the nearest of those that do not.
   */
  explain(method: string, request: RoutedRequest): string[] {
    const match = this.match(method, request);
    const chosen = match.kind === "route" ? match : undefined;
    const matching = this.#matching(request.target.path).flatMap((candidates) => candidates.all);
    return explainRouting({ method, request, chosen, matching, routes: this.#routes });
  }

  #add(route: R): void {
    const pattern = patternOf(route);
    const candidate = createCandidate(route, pattern, this.#routes.length);
    this.#routes.push(candidate);
    this.#candidatesOf(pattern).add(candidate);
  }

  #candidatesOf(pattern: Pattern): Candidates<R> {
    if (pattern.segments.some((segment) => segment.kind !== "static")) {
      return this.#patterns.leafOf(pattern, () => new Candidates<R>());
    }
    const known = this.#exact.get(pattern.path);
    if (known !== undefined) return known;
    const candidates = new Candidates<R>();
    this.#exact.set(pattern.path, candidates);
    return candidates;
  }

  /** Offers the routes that match the path, the most specific first, until one is accepted. */
  #search<Given, Found>(
    path: string,
    method: string,
    given: Given,
    accept: (candidates: Candidates<R>, method: string, given: Given) => Found | undefined,
  ): Found | undefined {
    const exact = this.#exact.get(path);
    const found = exact && accept(exact, method, given);
    return found ?? this.#patterns.search(path, method, given, accept);
  }

  #matching(path: string): Candidates<R>[] {
    const matching: Candidates<R>[] = [];
    this.#search(path, "", matching, note);
    return matching;
  }

  /** No route takes the request; finds out whether one would with another method. */
  #refuse(request: RoutedRequest): Match<R> {
    const matching = this.#matching(request.target.path)
      .flatMap((candidates) => candidates.all)
      .filter((candidate) => accepts(candidate, request));
    if (matching.length === 0) return NOT_FOUND;
    const inOrder = matching.sort((one, other) => one.index - other.index);
    const methods = new Set(inOrder.flatMap(({ route }) => route.methods ?? []));
    return { kind: "method_not_allowed", allow: [...methods].join(", ") };
  }
}

function choose<R extends RoutePattern>(
  candidates: Candidates<R>,
  method: string,
  request: RoutedRequest,
): Candidate<R> | undefined {
  return candidates.choose(method, request);
}

/** Accepts none, so that all are seen. */
function note<R extends RoutePattern>(
  candidates: Candidates<R>,
  _method: string,
  seen: Candidates<R>[],
): undefined {
  seen.push(candidates);
}
