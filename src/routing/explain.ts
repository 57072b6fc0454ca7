import type { Candidate, RouteMatch } from "./candidates.ts";
import { type Pattern, patternOf, type RoutePattern, type Segment } from "./pattern.ts";

/** How many of the routes that do not match the path are worth a line. */
const NEAREST = 5;

interface Routing<R extends RoutePattern> {
  readonly method: string;
  readonly path: string;
  readonly chosen: RouteMatch<R> | undefined;
  /** Every route that matches the path, the most specific first. */
  readonly matching: readonly Candidate<R>[];
  /** Every route of the table. */
  readonly routes: readonly Candidate<R>[];
}

/** Where a path and a pattern part. */
interface Parting {
  /** How many segments of the pattern the path fits. */
  readonly depth: number;
  readonly reason: string;
}

/** Puts the outcome and what led to it into words for an operator, one line each. */
export function explainRouting<R extends RoutePattern>(routing: Routing<R>): string[] {
  if (!routing.path.startsWith("/")) return ['a path begins with "/"'];
  const { matching, routes } = routing;
  const winner = matching.find(({ route }) => route === routing.chosen?.route);
  const losers = matching.filter((candidate) => candidate !== winner);
  return [
    describeOutcome(routing),
    ...losers.map((loser) => describeLoser(loser, winner, routing.method)),
    ...describeOthers(routes, new Set(matching), routing.path),
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
  return `${request} is answered with 405: no route that matches the path takes ${method}`;
}

function describeLoser<R extends RoutePattern>(
  loser: Candidate<R>,
  winner: Candidate<R> | undefined,
  method: string,
): string {
  const { path, methods } = loser.route;
  if (winner !== undefined && (methods === undefined || methods.includes(method))) {
    return `"${path}" matches too, but ${whyAfter(loser, winner, method)}`;
  }
  const taken = methods?.length ? `only ${methods.join(", ")}` : "no method";
  return `"${path}" matches the path but takes ${taken}`;
}

/** Why the winner goes before another that takes the same request. */
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
  return methods !== undefined && loser.route.methods === undefined
    ? `lists no methods, and "${path}" lists ${method}`
    : `stands after "${path}", which takes the same requests`;
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

/** Tells where a path leaves a pattern that it does not fit. */
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
