import { proxiedMethods } from "../http/methods.ts";
import type { EncodedSlashes } from "../http/path.ts";
import { runThrough, type Steps } from "../time/slices.ts";
import { type Candidate, createCandidate, matchOf, type RouteMatch } from "./candidate.ts";
import type { Candidates } from "./candidates.ts";
import type { RoutedRequest } from "./conditions/condition.ts";
import { explainRouting, type Rival, rivalsOf, type RoutingAccount } from "./explain.ts";
import { HostTables } from "./host-tables.ts";
import type { Accept } from "./path-table.ts";
import { covers, patternOf, type RoutePattern } from "./pattern.ts";

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
/** Why a path is refused that a backend could take for another route's. */
export const AMBIGUOUS_PATH =
  "the path contains an encoded slash or backslash, and decoded it is another route's";
const AMBIGUOUS: InvalidPath = { kind: "invalid_path", problem: AMBIGUOUS_PATH };

/**
 * Finds the route of a request, whatever the order of the routes. First the host decides: a route for the
 * very host comes before one for a wildcard, a longer wildcard before a shorter one, and that before a
 * route for every host. Then the path: segment by segment from the left, a literal comes before a
 * parameter, and that before a wildcard. Among routes of one host and shape the method decides, then the
 * weight of their conditions, their priority, and their order. A route that does not accept the method or
 * whose conditions are not met gives way to a less specific one.
 *
 * A search walks no routes but those of the hosts and of the shapes that match, and of these only the ones
 * that have the values of the request, where conditions compare values.
 */
export class RouteTable<R extends RoutePattern> {
  readonly #routes: Candidate<R>[] = [];
  readonly #hosts = new HostTables<R>();
  /** False if every route is for every host: then the host is not looked at. */
  #dependsOnHost = false;
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
    const filled = new Set<Candidates<R>>();
    for (const route of routes) {
      yield* table.#add(route, filled);
    }
    for (const candidates of filled) {
      yield* candidates.arrange();
      yield undefined;
    }
    return table;
  }

  /** Whether any route is for certain hosts only. */
  get dependsOnHost(): boolean {
    return this.#dependsOnHost;
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
    const candidate = this.#search(request, path, method, request, choose);
    if (decodedPath !== undefined) {
      return this.#matchSlashes(candidate, decodedPath, method, request);
    }
    return candidate === undefined ? this.#refuse(path, request) : matchOf(candidate, path);
  }

  /**
   * Explains to an operator what `match` would do and why: the outcome, the other routes that match the
   * path, and the nearest of those that do not. Walks all routes.
   */
  explain(method: string, request: RoutedRequest): RoutingAccount {
    const match = this.match(method, request);
    if (match.kind === "invalid_path") {
      const outcome = `${method} ${request.target.path} is answered with 400: ${match.problem}`;
      return { outcome, others: [], more: 0 };
    }
    const chosen = match.kind === "route" ? match : undefined;
    const path = chosen?.path ?? request.target.path;
    const matching = this.#matching(request, path).flatMap(({ all }) => all.ordered);
    // A route for several of the host's patterns has been found for each.
    return explainRouting({
      method,
      path,
      request,
      chosen,
      dependsOnHost: this.#dependsOnHost,
      matching: [...new Set(matching)],
      routes: this.#routes,
    });
  }

  /**
   * The routes that match host and path of a request and do not get it, at most so many, and why. The time
   * that this takes is bounded, however many routes there are. `chosen`: the one that gets it.
   */
  rivals(
    method: string,
    request: RoutedRequest,
    chosen: R | undefined,
    most: number,
  ): { readonly rivals: Rival[]; readonly more: number } {
    const seen = { lists: [] as Candidates<R>[], count: 0, most: most + 1 };
    this.#search(request, request.target.path, "", seen, noteSome);
    const all = seen.lists.flatMap((candidates) => candidates.all.ordered.slice(0, most + 1));
    const matching = [...new Set(all)].slice(0, most + 1);
    const rivals = rivalsOf({ method, request, matching, chosen }).slice(0, most);
    const losers = seen.count - (chosen === undefined ? 0 : 1);
    return { rivals, more: Math.max(0, losers - rivals.length) };
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
    const decoded = this.#search(request, decodedPath, method, request, choose);
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

  /** A host at a step. Adds what it has been put among to `filled`. */
  *#add(route: R, filled: Set<Candidates<R>>): Steps<void> {
    const pattern = patternOf(route);
    const candidate = createCandidate(route, pattern, this.#routes.length);
    this.#routes.push(candidate);
    for (const method of route.methods ?? []) this.#methods.add(method);
    if (route.hosts === undefined) {
      filled.add(this.#hosts.any.add(candidate, pattern));
      yield undefined;
      return;
    }
    this.#dependsOnHost = true;
    for (const host of new Set(route.hosts)) {
      filled.add(this.#hosts.table(host).add(candidate, pattern));
      yield undefined;
    }
  }

  /** Offers the routes that match host and path, the most specific first, until one is accepted. */
  #search<Given, Found>(
    { target }: RoutedRequest,
    path: string,
    method: string,
    given: Given,
    accept: Accept<R, Given, Found>,
  ): Found | undefined {
    if (!this.#dependsOnHost) return this.#hosts.any.search(path, method, given, accept);
    for (const table of this.#hosts.of(target.host)) {
      const found = table.search(path, method, given, accept);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #matching(request: RoutedRequest, path: string): Candidates<R>[] {
    const matching: Candidates<R>[] = [];
    this.#search(request, path, "", matching, note);
    return matching;
  }

  /** No route takes the request; finds out whether one would with another method. */
  #refuse(path: string, request: RoutedRequest): Match<R> {
    const matching = this.#matching(request, path).flatMap(({ all }) => all.accepting(request));
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

interface Seen<R extends RoutePattern> {
  readonly lists: Candidates<R>[];
  /** The routes in them. */
  count: number;
  readonly most: number;
}

/** Accepts none until it has seen enough. */
function noteSome<R extends RoutePattern>(
  candidates: Candidates<R>,
  _method: string,
  seen: Seen<R>,
): true | undefined {
  seen.lists.push(candidates);
  seen.count += candidates.all.ordered.length;
  return seen.count >= seen.most ? true : undefined;
}
