import { ImpliedClaims, SameClaims } from "./claims.ts";
import { parsePattern, type RoutePattern } from "./pattern.ts";

/** A route whose requests another one always gets. */
export interface RouteConflict {
  /** The route's index. */
  readonly index: number;
  /** The index of the one that gets the requests. */
  readonly other: number;
  readonly message: string;
}

/** Requests of a route that another one gets. */
interface Taken {
  readonly other: number;
  /** Empty if both routes list none. */
  readonly methods: readonly string[];
  /** Empty if both routes are for every host. */
  readonly hosts: string[];
  /** False if the other route has conditions that are only implied. */
  readonly isSame: boolean;
}

/**
 * Finds the routes whose requests always go to another route, or those by one of their methods or to one
 * of their hosts: a route with the same host and the same paths, if both list the method or both list
 * none, with the same conditions or with as many that are met by all requests that meet these. The one
 * with the higher priority gets the requests, then the earlier one. If only one of the two lists methods,
 * that is no conflict: it goes first. Nor are conditions on different things. Routes that are absent or
 * whose paths cannot be read are skipped; `parsePattern` reports what is wrong with them.
 */
export function findConflicts(routes: readonly (RoutePattern | undefined)[]): RouteConflict[] {
  const same = new SameClaims();
  const implied = new ImpliedClaims();
  const conflicts: RouteConflict[] = [];
  for (const index of inOrder(routes)) {
    const route = routes[index];
    const pattern = route && (route.pattern ?? parsePattern(route.path));
    if (route === undefined || pattern === undefined || "message" in pattern) continue;
    const taken = new Map<string, Taken>();
    for (const host of new Set(route.hosts ?? [EVERY_HOST])) {
      const contender = { index, route, place: `${host}${pattern.shape}` };
      const note = (other: number, methods: readonly string[], isSame: boolean) => {
        const key = JSON.stringify([other, isSame, ...methods]);
        const known = taken.get(key);
        const hosts = host === EVERY_HOST ? [] : [host];
        if (known === undefined) taken.set(key, { other, methods, hosts, isSame });
        else known.hosts.push(...hosts);
      };
      const found = same.claim(contender);
      for (const [other, methods] of found) note(other, methods, true);
      // One that is taken already needs no second reason.
      const others = implied.claim(contender, found.size > 0);
      for (const [other, methods] of others) note(other, methods, false);
    }
    for (const one of taken.values()) {
      const message = describe(route, index, one, routes[one.other] ?? route);
      conflicts.push({ index, other: one.other, message });
    }
  }
  return conflicts.sort((one, other) => one.index - other.index);
}

const EVERY_HOST = "";

/** Indices by priority, then as they are. */
function inOrder(routes: readonly (RoutePattern | undefined)[]): number[] {
  const priorityOf = (index: number) => routes[index]?.priority ?? 0;
  return [...routes.keys()].sort((one, other) => priorityOf(other) - priorityOf(one));
}

function describe(
  { path, hosts, conditions }: RoutePattern,
  index: number,
  taken: Taken,
  winner: RoutePattern,
): string {
  const { methods, other, isSame } = taken;
  const place = `"${path}"${hosts === undefined ? "" : ` to ${listed(shortened(taken.hosts))}`}`;
  const requests =
    methods.length === 0 ? `the requests for ${place} are` : `${listed(methods)} on ${place}`;
  const verb = methods.length === 0 ? "" : methods.length === 1 ? " is" : " are";
  const name = `route ${winner.name ?? other + 1}`;
  const reasons = [
    winner.path === path ? "the same path" : "",
    conditions !== undefined && isSame ? "the same conditions" : "",
    isSame ? "" : "conditions that all of them meet",
    other > index ? "a higher priority" : "",
  ].filter((reason) => reason !== "");
  const which = reasons.length === 0 ? "" : `, which has ${listed(reasons)}`;
  const by = winner.path === path ? name : `${name}, "${winner.path}"`;
  const remedy = isSame ? "" : "; give this one a higher `priority`, or put it first";
  return `${requests}${verb} already taken by ${by}${which}${remedy}`;
}

const HOSTS_LISTED = 3;

function shortened(hosts: readonly string[]): readonly string[] {
  const more = hosts.length - HOSTS_LISTED;
  return more > 1 ? [...hosts.slice(0, HOSTS_LISTED), `${more} more hosts`] : hosts;
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
