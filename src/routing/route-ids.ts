import type { Steps } from "../time/slices.ts";
import { textOf } from "./conditions/of-route.ts";
import type { RoutePattern } from "./pattern.ts";

/**
 * A name for each route, for logs, metrics and limits: its path; if several routes share the path and
 * some list methods, with the methods in front; if that is not enough, with the conditions at the end.
 * Pauses after each route.
 */
export function* routeIds(routes: readonly RoutePattern[]): Steps<string[]> {
  const paths = new Repeats();
  const haveMethods = new Set<string>();
  for (const { path, methods } of routes) {
    paths.add(path);
    if (methods !== undefined) haveMethods.add(path);
    yield undefined;
  }
  const ids: string[] = [];
  const repeatedIds = new Repeats();
  for (const { path, methods } of routes) {
    const isAmbiguous = paths.has(path) && haveMethods.has(path);
    const id = isAmbiguous ? `${methods?.join(",") ?? "*"} ${path}` : path;
    ids.push(id);
    repeatedIds.add(id);
    yield undefined;
  }
  for (const [index, { conditions }] of routes.entries()) {
    const id = ids[index] ?? "";
    if (conditions !== undefined && repeatedIds.has(id))
      ids[index] = `${id} if ${textOf(conditions)}`;
    yield undefined;
  }
  return ids;
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
