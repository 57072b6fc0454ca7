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
  /** Those that are checked fastest first. */
  readonly conditions: readonly Condition[] | undefined;
  /** The sum of its conditions' weights. */
  readonly weight: number;
  readonly priority: number;
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
  const { conditions } = route;
  return {
    kind: "route",
    route,
    parameters: NO_PARAMETERS,
    index,
    named: hasNames ? pattern : undefined,
    conditions: conditions?.toSorted((one, other) => effortOf(one) - effortOf(other)),
    weight: conditions?.reduce((sum, condition) => sum + condition.weight, 0) ?? 0,
    priority: route.priority ?? 0,
  };
}

/** To compare with a fixed value is faster than any other condition. */
function effortOf({ lookup }: Condition): number {
  return lookup === undefined ? 1 : 0;
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

/** Whether a request meets every condition of a route other than host, path and method. */
export function accepts<R extends RoutePattern>(
  { conditions }: Candidate<R>,
  request: RoutedRequest,
): boolean {
  return conditions === undefined || conditions.every((condition) => condition.accepts(request));
}

/**
 * Which of two routes of one host and path shape that both list a method, or both list none, comes first:
 * the one with the greater weight of conditions, then with the higher priority, then the earlier one.
 * Negative if it is the first of the two.
 */
export function compareRank<R extends RoutePattern>(
  one: Candidate<R>,
  other: Candidate<R>,
): number {
  return other.weight - one.weight || other.priority - one.priority || one.index - other.index;
}

/** Without a prototype, so that a parameter may be called `__proto__`. */
function createParameters(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
