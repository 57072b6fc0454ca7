import { proxiedMethods } from "../http/methods.ts";
import { accepts, type Candidate, type RouteMatch } from "./candidates.ts";
import type { RoutedRequest } from "./conditions/condition.ts";
import { textOf } from "./conditions/of-route.ts";
import { type Pattern, patternOf, type RoutePattern, type Segment } from "./pattern.ts";

/** At most this many routes that do not match the path get a line. */
const NEAREST = 5;

interface Routing<R extends RoutePattern> {
  readonly method: string;
  /** The path that was matched. */
  readonly path: string;
  readonly request: RoutedRequest;
  readonly chosen: RouteMatch<R> | undefined;
  /** Every route that matches the path, the most specific first. */
  readonly matching: readonly Candidate<R>[];
  /** Every route of the table. */
  readonly routes: readonly Candidate<R>[];
}

/** Where a path departs from a pattern. */
interface Parting {
  /** How many segments of the pattern match the path. */
  readonly depth: number;
  readonly reason: string;
}

/** Explains the outcome and its reasons to an operator, one line each. */
export function explainRouting<R extends RoutePattern>(routing: Routing<R>): string[] {
  const { matching, routes, path } = routing;
  if (!path.startsWith("/")) return ['a path must begin with "/"'];
  const winner = matching.find(({ route }) => route === routing.chosen?.route);
  const losers = matching.filter((candidate) => candidate !== winner);
  return [
    describeOutcome(routing),
    ...losers.map((loser) => describeLoser(loser, winner, routing)),
    ...describeOthers(routes, new Set(matching), path),
  ];
}

function describeOutcome<R extends RoutePattern>(routing: Routing<R>): string {
  const { method, path, chosen, matching } = routing;
  const request = `${method} ${path}`;
  if (chosen !== undefined) {
    const named = Object.entries(chosen.parameters).map(([name, value]) => `${name} = "${value}"`);
    const suffix = named.length === 0 ? "" : `, with ${named.join(", ")}`;
    return `${request} goes to "${chosen.route.path}"${suffix}`;
  }
  if (matching.length === 0) return `${request} is answered with 404: no route matches the path`;
  if (!matching.some((candidate) => accepts(candidate, routing.request))) {
    return `${request} is answered with 404: it meets the conditions of no route that matches the path`;
  }
  return `${request} is answered with 405: no route that matches the path takes ${method}`;
}

function describeLoser<R extends RoutePattern>(
  loser: Candidate<R>,
  winner: Candidate<R> | undefined,
  { method, request }: Routing<R>,
): string {
  const { path } = loser.route;
  const obstacle = obstacleOf(loser.route, method, request);
  if (winner !== undefined && obstacle === undefined) {
    return `"${path}" matches too, but ${whyAfter(loser, winner, method)}`;
  }
  return `"${path}" matches the path but ${obstacle}`;
}

/** Why a route does not take a request to its path; undefined if it does. */
function obstacleOf(
  { methods, conditions }: RoutePattern,
  method: string,
  request: RoutedRequest,
): string | undefined {
  if (methods === undefined && !proxiedMethods.has(method)) return `does not list ${method}`;
  if (methods !== undefined && !methods.includes(method)) {
    return `takes ${methods.length === 0 ? "no method" : `only ${methods.join(", ")}`}`;
  }
  const unmet = conditions?.filter((condition) => !condition.accepts(request)) ?? [];
  return unmet.length === 0 ? undefined : `only if ${textOf(unmet)}`;
}

/** Why the winner comes before another route that takes the same request. */
function whyAfter<R extends RoutePattern>(
  loser: Candidate<R>,
  winner: Candidate<R>,
  method: string,
): string {
  const { path, methods } = winner.route;
  const worse = patternOf(loser.route).segments;
  const better = patternOf(winner.route).segments;
  const index = worse.findIndex((segment, place) => segment.kind !== better[place]?.kind);
  if (index !== -1) {
    return `is less specific: in segment ${index + 1}, "${better[index]?.text}" goes before "${worse[index]?.text}"`;
  }
  if (methods !== undefined && loser.route.methods === undefined) {
    return `lists no methods, and "${path}" lists ${method}`;
  }
  return loser.weight < winner.weight
    ? `asks for less than "${path}", which is for requests where ${textOf(winner.conditions ?? [])}`
    : `stands after "${path}", which takes this request too`;
}

function describeOthers<R extends RoutePattern>(
  routes: readonly Candidate<R>[],
  matching: ReadonlySet<Candidate<R>>,
  path: string,
): string[] {
  const others = routes
    .filter((candidate) => !matching.has(candidate))
    .map((candidate) => ({ candidate, parting: findParting(patternOf(candidate.route), path) }))
    .sort((one, other) => other.parting.depth - one.parting.depth);
  const lines = others
    .slice(0, NEAREST)
    .map(({ candidate, parting }) => `"${candidate.route.path}" does not match: ${parting.reason}`);
  const rest = others.length - lines.length;
  if (rest > 0) lines.push(`${rest} more ${rest === 1 ? "does" : "do"} not match either`);
  return lines;
}

/** Describes where a path departs from a pattern that it does not match. */
function findParting(pattern: Pattern, path: string): Parting {
  const texts = path.slice(1).split("/");
  for (const [index, segment] of pattern.segments.entries()) {
    const reason = whyNot(segment, texts[index], index);
    if (reason !== undefined) return { depth: index, reason };
  }
  const depth = pattern.segments.length;
  const rest = texts.slice(depth).join("/");
  return { depth, reason: `the path goes on with "/${rest}"` };
}

function whyNot(segment: Segment, text: string | undefined, index: number): string | undefined {
  if (text === undefined) return `the path ends before "/${segment.text}"`;
  if (segment.kind === "parameter" && text === "") {
    return `segment ${index + 1} is empty, where "${segment.text}" takes one that is not`;
  }
  if (segment.kind === "static" && text !== segment.text) {
    return `segment ${index + 1} is "${text}", not "${segment.text}"`;
  }
  return undefined;
}
