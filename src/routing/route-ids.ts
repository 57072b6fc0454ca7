import type { Steps } from "../time/slices.ts";
import { textOf } from "./conditions/of-route.ts";
import type { RoutePattern } from "./pattern.ts";

/** An id names this many of a route's hosts. */
const HOSTS_NAMED = 2;

/**
 * An id for each route, for logs, metrics and limits: its name; otherwise its path; if several routes share
 * the path, with the hosts in front; if some of them still list methods, with these in front; if that is
 * not enough, with the conditions at the end, and at last with a number. No id is given twice. Pauses
 * after each route.
 */
export function* routeIds(routes: readonly RoutePattern[]): Steps<string[]> {
  const paths = new Repeats();
  for (const route of routes) {
    if (route.name === undefined) paths.add(route.path);
    yield undefined;
  }
  const placeOf = (route: RoutePattern) =>
    paths.has(route.path) ? `${hostsOf(route)}${route.path}` : route.path;
  const places = new Repeats();
  const haveMethods = new Set<string>();
  for (const route of routes) {
    if (route.name === undefined) places.add(placeOf(route));
    if (route.name === undefined && route.methods !== undefined) haveMethods.add(placeOf(route));
    yield undefined;
  }
  const ids: string[] = [];
  const repeatedIds = new Repeats();
  for (const route of routes) {
    const place = placeOf(route);
    const isAmbiguous = places.has(place) && haveMethods.has(place);
    const id = route.name ?? (isAmbiguous ? `${methodsOf(route)} ${place}` : place);
    ids.push(id);
    repeatedIds.add(id);
    yield undefined;
  }
  const taken = new Set<string>();
  for (const [index, { conditions }] of routes.entries()) {
    let id = ids[index] ?? "";
    if (conditions !== undefined && repeatedIds.has(id)) id = `${id} if ${textOf(conditions)}`;
    const first = id;
    for (let number = 2; taken.has(id); number += 1) id = `${first} #${number}`;
    taken.add(id);
    ids[index] = id;
    yield undefined;
  }
  return ids;
}

/** The routes whose name an earlier one has. */
export function findRepeatedNames(
  names: readonly (string | undefined)[],
): { readonly index: number; readonly message: string }[] {
  const owners = new Map<string, number>();
  return [...names.entries()].flatMap(([index, name]) => {
    if (name === undefined) return [];
    const owner = owners.get(name);
    if (owner === undefined) {
      owners.set(name, index);
      return [];
    }
    return [
      {
        index,
        message: `route ${owner + 1} is called \`${name}\` already; each needs its own name`,
      },
    ];
  });
}

function methodsOf({ methods }: RoutePattern): string {
  return methods?.join(",") ?? "*";
}

function hostsOf({ hosts = [] }: RoutePattern): string {
  const more = hosts.length - HOSTS_NAMED;
  return `${hosts.slice(0, HOSTS_NAMED).join(",")}${more > 0 ? `,+${more}` : ""}`;
}

/** The texts that were added more than once. */
class Repeats {
  readonly #seen = new Set<string>();
  readonly #again = new Set<string>();

  add(text: string): void {
    if (this.#seen.has(text)) this.#again.add(text);
    else this.#seen.add(text);
  }

  has(text: string): boolean {
    return this.#again.has(text);
  }
}
