import { proxiedMethods } from "../http/methods.ts";
import type { Condition, RoutedRequest } from "./conditions/condition.ts";
import type { Pattern, RoutePattern } from "./pattern.ts";

/** A request's route. */
export interface RouteMatch<R> {
  readonly kind: "route";
  readonly route: R;
  /** The values of the names in the route's path, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The path with its encoded slashes decoded, if it was matched like that. */
  readonly path?: string;
}

/** A route, ready to be matched. If its path has no names, it is its own match. */
export interface Candidate<R extends RoutePattern> extends RouteMatch<R> {
  /** Its index in the configuration. */
  readonly index: number;
  /** Absent if the path has no names. */
  readonly named: Pattern | undefined;
  readonly conditions: readonly Condition[] | undefined;
  /** The sum of its conditions' weights. */
  readonly weight: number;
}

const NO_PARAMETERS: Readonly<Record<string, string>> = Object.freeze(createParameters());

export function createCandidate<R extends RoutePattern>(
  route: R,
  pattern: Pattern,
  index: number,
): Candidate<R> {
  const hasNames = pattern.segments.some(
    (segment) => segment.kind !== "static" && segment.name !== undefined,
  );
  const named = hasNames ? pattern : undefined;
  const { conditions } = route;
  const weight = conditions?.reduce((sum, condition) => sum + condition.weight, 0) ?? 0;
  return { kind: "route", route, parameters: NO_PARAMETERS, index, named, conditions, weight };
}

/** The match of a path that is known to fit the candidate's pattern. */
export function matchOf<R extends RoutePattern>(
  candidate: Candidate<R>,
  path: string,
): RouteMatch<R> {
  if (candidate.named === undefined) return candidate;
  const parameters = createParameters();
  let start = 1;
  for (const segment of candidate.named.segments) {
    if (segment.kind === "wildcard") {
      if (segment.name !== undefined) parameters[segment.name] = path.slice(start);
      break;
    }
    const slash = path.indexOf("/", start);
    const end = slash === -1 ? path.length : slash;
    if (segment.kind === "parameter") parameters[segment.name] = path.slice(start, end);
    start = end + 1;
  }
  return { kind: "route", route: candidate.route, parameters };
}

/** Whether a request meets every condition of a route other than path and method. */
export function accepts<R extends RoutePattern>(
  { conditions }: Candidate<R>,
  request: RoutedRequest,
): boolean {
  return conditions === undefined || conditions.every((condition) => condition.accepts(request));
}

/**
 * The routes of one path shape. Those that list no methods take the ones that are always forwarded; any
 * other method must be listed. A route that lists the method comes before one that lists none; among
 * those, the one with the greatest weight of conditions, then the one added first.
 */
export class Candidates<R extends RoutePattern> {
  /** In the configuration's order. */
  readonly all: Candidate<R>[] = [];
  /** Absent while every route accepts any method. Lists are in the order in which they are tried. */
  #byMethod: Map<string, Candidate<R>[]> | undefined = undefined;
  readonly #rest: Candidate<R>[] = [];

  add(candidate: Candidate<R>): void {
    this.all.push(candidate);
    const { methods } = candidate.route;
    if (methods === undefined) {
      insert(this.#rest, candidate);
      return;
    }
    this.#byMethod ??= new Map();
    for (const method of new Set(methods)) {
      const listed = this.#byMethod.get(method);
      if (listed === undefined) this.#byMethod.set(method, [candidate]);
      else insert(listed, candidate);
    }
  }

  choose(method: string, request: RoutedRequest): Candidate<R> | undefined {
    const listed = this.#byMethod?.get(method);
    const found = listed && firstOf(listed, request);
    if (found !== undefined || !proxiedMethods.has(method)) return found;
    return firstOf(this.#rest, request);
  }
}

/** Keeps a list in the order in which its routes are tried. Candidates arrive by ascending index. */
function insert<R extends RoutePattern>(list: Candidate<R>[], candidate: Candidate<R>): void {
  const place = list.findIndex(({ weight }) => weight < candidate.weight);
  if (place === -1) list.push(candidate);
  else list.splice(place, 0, candidate);
}

function firstOf<R extends RoutePattern>(
  list: readonly Candidate<R>[],
  request: RoutedRequest,
): Candidate<R> | undefined {
  for (const candidate of list) {
    if (candidate.conditions === undefined || accepts(candidate, request)) return candidate;
  }
  return undefined;
}

/** Without a prototype, so that a parameter may be called `__proto__`. */
function createParameters(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
