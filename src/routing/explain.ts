import { comparableHost, parentsOf } from "../http/host-pattern.ts";
import { proxiedMethods } from "../http/methods.ts";
import { accepts, type Candidate, type RouteMatch } from "./candidate.ts";
import type { RoutedRequest } from "./conditions/condition.ts";
import { textOf } from "./conditions/of-route.ts";
import { type Pattern, patternOf, type RoutePattern, type Segment } from "./pattern.ts";

/** At most this many routes that do not match the path get a line. */
const NEAREST = 5;

/** At most this many hosts of a route are named. */
const HOSTS_NAMED = 3;

interface Routing<R extends RoutePattern> {
  readonly method: string;
  /** The path that was matched. */
  readonly path: string;
  readonly request: RoutedRequest;
  readonly chosen: RouteMatch<R> | undefined;
  /** Whether any route is for certain hosts only. */
  readonly dependsOnHost: boolean;
  /** Every route that matches host and path, the most specific first. */
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

/** Why one route does not get a request. */
export interface Reason {
  /** For people: `"/users/:id" (users)`. */
  readonly route: string;
  /** Goes on after it: "matches the path but takes only POST". */
  readonly reason: string;
}

/** What becomes of a request, and why. */
export interface RoutingAccount {
  /** A sentence: where the request goes, or how it is answered. */
  readonly outcome: string;
  /** The other routes that match host and path, the most specific first, then the nearest that do not. */
  readonly others: readonly Reason[];
  /** How many more do not match. */
  readonly more: number;
}

/** Explains the outcome and its reasons to an operator. */
export function explainRouting<R extends RoutePattern>(routing: Routing<R>): RoutingAccount {
  const { matching, routes, path } = routing;
  if (!path.startsWith("/")) return { outcome: 'a path must begin with "/"', others: [], more: 0 };
  const winner = matching.find(({ route }) => route === routing.chosen?.route);
  const losers = matching.filter((candidate) => candidate !== winner);
  const { nearest, more } = nearestOf(routes, new Set(matching), routing);
  return {
    outcome: describeOutcome(routing),
    others: [...losers.map((loser) => describeLoser(loser, winner, routing)), ...nearest],
    more,
  };
}

function describeOutcome<R extends RoutePattern>(routing: Routing<R>): string {
  const { method, path, chosen, matching } = routing;
  const { host } = routing.request.target;
  const of = routing.dependsOnHost && host !== "" ? ` of ${host}` : "";
  const request = `${method} ${path}${of}`;
  if (chosen !== undefined) {
    const named = Object.entries(chosen.parameters).map(([name, value]) => `${name} = "${value}"`);
    const suffix = named.length === 0 ? "" : `, with ${named.join(", ")}`;
    return `${request} goes to ${nameOf(chosen.route)}${suffix}`;
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
  routing: Routing<R>,
): Reason {
  const { isWilling, reason } = whyLost(loser, winner, routing);
  return {
    route: nameOf(loser.route),
    reason: `${isWilling ? "matches too, but" : "matches the path but"} ${reason}`,
  };
}

/**
 * Why a route that matches host and path does not get a request: it does not take it, or is willing to
 * but comes after another one. `winner`: the route that gets it; undefined if none does.
 */
function whyLost<R extends RoutePattern>(
  loser: Candidate<R>,
  winner: Candidate<R> | undefined,
  { method, request }: Pick<Routing<R>, "method" | "request">,
): { readonly isWilling: boolean; readonly reason: string } {
  const obstacle = obstacleOf(loser.route, method, request);
  if (winner === undefined || obstacle !== undefined) {
    return { isWilling: false, reason: obstacle ?? "is not considered" };
  }
  const reason = whyAfter(loser, winner, { method, host: request.target.host });
  return { isWilling: true, reason };
}

/** A route that matches host and path of a request that it does not get. */
export interface Rival {
  /** For people. */
  readonly route: string;
  readonly whyNot: string;
}

/** The same for the first of the routes that match host and path, the most specific first. */
export function rivalsOf<R extends RoutePattern>(
  routing: Pick<Routing<R>, "method" | "request" | "matching"> & { readonly chosen: R | undefined },
): Rival[] {
  const winner = routing.matching.find(({ route }) => route === routing.chosen);
  const losers = routing.matching.filter((candidate) => candidate !== winner);
  return losers.map((loser) => ({
    route: nameOf(loser.route),
    whyNot: whyLost(loser, winner, routing).reason,
  }));
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
  { method, host }: { readonly method: string; readonly host: string },
): string {
  const { methods } = winner.route;
  const name = nameOf(winner.route);
  const hosts = [winner, loser].map(({ route }) => bestHost(route, host));
  if (hosts[0] !== hosts[1]) {
    return `is for ${hosts[1] ?? "every host"}, and ${name} for ${hosts[0] ?? "every host"}`;
  }
  const worse = patternOf(loser.route).segments;
  const better = patternOf(winner.route).segments;
  const index = worse.findIndex((segment, place) => segment.kind !== better[place]?.kind);
  if (index !== -1) {
    return `is less specific: in segment ${index + 1}, "${better[index]?.text}" goes before "${worse[index]?.text}"`;
  }
  if (methods !== undefined && loser.route.methods === undefined) {
    return `lists no methods, and ${name} lists ${method}`;
  }
  if (loser.weight < winner.weight) {
    return `asks for less than ${name}, which is for requests where ${textOf(winner.conditions ?? [])}`;
  }
  return loser.priority < winner.priority
    ? `has a lower priority than ${name}, which takes this request too`
    : `stands after ${name}, which takes this request too`;
}

function nearestOf<R extends RoutePattern>(
  routes: readonly Candidate<R>[],
  matching: ReadonlySet<Candidate<R>>,
  { path, request }: Routing<R>,
): { readonly nearest: Reason[]; readonly more: number } {
  const others = routes
    .filter((candidate) => !matching.has(candidate))
    .map((candidate) => ({
      candidate,
      parting:
        findParting(patternOf(candidate.route), path) ??
        otherHosts(candidate.route, request.target.host),
    }))
    .sort((one, other) => other.parting.depth - one.parting.depth);
  const nearest = others.slice(0, NEAREST).map(({ candidate, parting }) => ({
    route: nameOf(candidate.route),
    reason: `does not match: ${parting.reason}`,
  }));
  return { nearest, more: others.length - nearest.length };
}

/** How a route is called: two routes of one path have different hosts, methods or names. */
function nameOf({ name, path }: RoutePattern): string {
  return name === undefined ? `"${path}"` : `"${path}" (${name})`;
}

/** The most specific of a route's hosts that a request is for; undefined if it is for every host. */
function bestHost({ hosts }: RoutePattern, host: string): string | undefined {
  if (hosts === undefined) return undefined;
  const own = comparableHost(host);
  return [own, ...parentsOf(own).map((parent) => `*.${parent}`)].find((one) => hosts.includes(one));
}

/** A path that matches, of a route for other hosts. */
function otherHosts({ hosts = [] }: RoutePattern, host: string): Parting {
  const asked = host === "" ? "not named" : host;
  const more = hosts.length > HOSTS_NAMED ? ` or ${hosts.length - HOSTS_NAMED} more` : "";
  const reason = `the host is ${asked}, not ${hosts.slice(0, HOSTS_NAMED).join(" or ")}${more}`;
  return { depth: Number.MAX_SAFE_INTEGER, reason };
}

/** Where a path departs from a pattern; undefined if it matches. */
function findParting(pattern: Pattern, path: string): Parting | undefined {
  const texts = path.slice(1).split("/");
  for (const [index, segment] of pattern.segments.entries()) {
    const reason = whyNot(segment, texts[index], index);
    if (reason !== undefined) return { depth: index, reason };
  }
  const depth = pattern.segments.length;
  if (texts.length === depth || pattern.segments.at(-1)?.kind === "wildcard") return undefined;
  return { depth, reason: `the path goes on with "/${texts.slice(depth).join("/")}"` };
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
