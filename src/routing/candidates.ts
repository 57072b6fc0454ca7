import type { Pattern, RoutePattern } from "./pattern.ts";

/** A request's route. */
export interface RouteMatch<R> {
  readonly kind: "route";
  readonly route: R;
  /** What the names in the route's path stand for, percent-encoding as it came. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A route, ready to be matched. One whose path has no names is its own match, the only one it has. */
export interface Candidate<R extends RoutePattern> extends RouteMatch<R> {
  /** Its place in the configuration, from 0. */
  readonly index: number;
  /** Absent where the path has no names, and nothing of it is asked for again. */
  readonly named: Pattern | undefined;
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
  return { kind: "route", route, parameters: NO_PARAMETERS, index, named };
}

/** The match of a path that the candidate's pattern is known to fit. */
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

/** The routes of one path shape: the method chooses among them. */
export class Candidates<R extends RoutePattern> {
  /** In the configuration's order. */
  readonly all: Candidate<R>[] = [];
  /** Absent while every route takes any method. */
  #byMethod: Map<string, Candidate<R>> | undefined = undefined;
  #rest: Candidate<R> | undefined = undefined;

  /** Of two that take the same requests, the one added first gets them. */
  add(candidate: Candidate<R>): void {
    this.all.push(candidate);
    const { methods } = candidate.route;
    if (methods === undefined) {
      this.#rest ??= candidate;
      return;
    }
    this.#byMethod ??= new Map();
    for (const method of methods) {
      if (!this.#byMethod.has(method)) this.#byMethod.set(method, candidate);
    }
  }

  /** A route that lists the method goes before one that lists none. */
  choose(method: string): Candidate<R> | undefined {
    return this.#byMethod?.get(method) ?? this.#rest;
  }
}

/** Without a prototype, so that a parameter called `__proto__` is one like any other. */
function createParameters(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
