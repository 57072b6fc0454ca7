import { textOf } from "./conditions/of-route.ts";
import type { RoutePattern } from "./pattern.ts";

/**
 * A name for each route, for logs, metrics and limits: its path; where several routes share the
 * path and some list methods, with the methods in front; where that is not enough, with the
 * conditions at the end.
 */
export function routeIds(routes: readonly RoutePattern[]): string[] {
  const isShared = repeated(routes.map(({ path }) => path));
  const haveMethods = new Set(routes.flatMap(({ path, methods }) => (methods ? [path] : [])));
  const ids = routes.map(({ path, methods }) =>
    isShared(path) && haveMethods.has(path) ? `${methods?.join(",") ?? "*"} ${path}` : path,
  );
  const isAmbiguous = repeated(ids);
  return routes.map(({ conditions }, index) => {
    const id = ids[index] ?? "";
    return conditions !== undefined && isAmbiguous(id) ? `${id} if ${textOf(conditions)}` : id;
  });
}

/** Tells which texts are more than once in a list. */
function repeated(texts: readonly string[]): (text: string) => boolean {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const text of texts) (seen.has(text) ? again : seen).add(text);
  return (text) => again.has(text);
}
