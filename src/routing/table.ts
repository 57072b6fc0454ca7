import { proxiedMethods } from "../http/methods.ts";
import type { EncodedSlashes } from "../http/path.ts";
import { accepts, Candidates, createCandidate, matchOf } from "./candidates.ts";
import type { Candidate, RouteMatch } from "./candidates.ts";
import type { RoutedRequest } from "./conditions/condition.ts";
import { explainRouting } from "./explain.ts";
import { covers, type Pattern, patternOf, type RoutePattern } from "./pattern.ts";
import { runThrough, type Steps } from "../time/slices.ts";
import { PatternTrie } from "./trie.ts";

export type { RoutePattern } from "./pattern.ts";

/** The outcome of a request: a route, or 404, or 405 with the value of its Allow field, or 400. */
export type Match<R> =
  | RouteMatch<R>
  | { readonly kind: "not_found" }
  | { readonly kind: "method_not_allowed"; readonly allow: string }
  | InvalidPath;

interface InvalidPath {
  readonly kind: "invalid_path";
  /** For the client. */
  readonly problem: string;
}

const NOT_FOUND = { kind: "not_found" } as const;
const REJECTED: InvalidPath = {
  kind: "invalid_path",
  problem: "the path contains an encoded slash or backslash",
};
const AMBIGUOUS: InvalidPath = {
  kind: "invalid_path",
  problem: "the path contains an encoded slash or backslash, and decoded it is another route's",
};

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

  readonly #methods = new Set(proxiedMethods);
  readonly #encodedSlashes: EncodedSlashes;

  private constructor(encodedSlashes: EncodedSlashes) {
    this.#encodedSlashes = encodedSlashes;
  }

  /**
   * The mode of encoded slashes is for paths without a route and for routes without their own. Throws an
   * Error for a path that `parsePattern` has a problem with.
   */
  static compile<R extends RoutePattern>(
    routes: readonly R[],
    encodedSlashes: EncodedSlashes = "keep",
  ): RouteTable<R> {
    return runThrough(RouteTable.compileInSteps(routes, encodedSlashes));
  }

  /** The same, a route at a step. */
  static *compileInSteps<R extends RoutePattern>(
    routes: readonly R[],
    encodedSlashes: EncodedSlashes,
  ): Steps<RouteTable<R>> {
    const table = new RouteTable<R>(encodedSlashes);
    for (const route of routes) {
      table.#add(route);
      yield undefined;
    }
    return table;
  }

  /** The methods that some route takes: those that are always forwarded, and those that routes list. */
  get methods(): ReadonlySet<string> {
    return this.#methods;
  }

  /**
   * The method may differ from the request's own, for a preflight. Results are shared: do not change
   * them.
   */
  match(method: string, request: RoutedRequest): Match<R> {
    const { path, decodedPath } = request.target;
    const candidate = this.#search(path, method, request, choose);
    if (decodedPath !== undefined) {
      return this.#matchSlashes(candidate, decodedPath, method, request);
    }
    return candidate === undefined ? this.#refuse(path, request) : matchOf(candidate, path);
  }

  /**
   * Explains to an operator what `match` would do and why, one line each: the outcome, the other routes
   * that match the path, and the nearest of those that do not.
   */
  explain(method: string, request: RoutedRequest): string[] {
    const match = this.match(method, request);
    if (match.kind === "invalid_path") {
      return [`${method} ${request.target.path} is answered with 400: ${match.problem}`];
    }
    const chosen = match.kind === "route" ? match : undefined;
    const path = chosen?.path ?? request.target.path;
    const matching = this.#matching(path).flatMap((candidates) => candidates.all);
    return explainRouting({ method, path, request, chosen, matching, routes: this.#routes });
  }

  /**
   * The route of the path as it was sent decides what its encoded slashes are. If it keeps them, some
   * backends still take them for slashes. Such a backend must not see a path that another route is there
   * for, unless that route is the more general one, which the found one is an exception to.
   */
  #matchSlashes(
    found: Candidate<R> | undefined,
    decodedPath: string,
    method: string,
    request: RoutedRequest,
  ): Match<R> {
    const mode = found?.route.encodedSlashes ?? this.#encodedSlashes;
    if (mode === "reject") return REJECTED;
    const decoded = this.#search(decodedPath, method, request, choose);
    if (mode === "decode") {
      if (decoded === undefined) return this.#refuse(decodedPath, request);
      return { ...matchOf(decoded, decodedPath), path: decodedPath };
    }
    const { path } = request.target;
    if (found === undefined) return this.#refuse(path, request);
    if (decoded === undefined || covers(patternOf(decoded.route), patternOf(found.route))) {
      return matchOf(found, path);
    }
    return AMBIGUOUS;
  }

  #add(route: R): void {
    const pattern = patternOf(route);
    const candidate = createCandidate(route, pattern, this.#routes.length);
    this.#routes.push(candidate);
    for (const method of route.methods ?? []) this.#methods.add(method);
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
  #refuse(path: string, request: RoutedRequest): Match<R> {
    const matching = this.#matching(path)
      .flatMap((candidates) => candidates.all)
      .filter((candidate) => accepts(candidate, request));
    if (matching.length === 0) return NOT_FOUND;
    const inOrder = matching.sort((one, other) => one.index - other.index);
    const methods = new Set(inOrder.flatMap(({ route }) => route.methods ?? [...proxiedMethods]));
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
