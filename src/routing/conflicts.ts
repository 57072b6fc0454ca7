import { parsePattern, type Pattern, type RoutePattern } from "./pattern.ts";

/** A route whose requests an earlier one already takes. */
export interface RouteConflict {
  /** The later route's index. */
  readonly index: number;
  /** The index of the earlier one, which gets the requests. */
  readonly other: number;
  readonly message: string;
}

/** Which route takes what, among those of one shape and the same conditions. */
interface Claims {
  readonly byMethod: Map<string, number>;
  /** The first route without `methods`. */
  rest: number | undefined;
}

/**
 * Finds the routes that match the same paths under the same conditions and list a common method, or
 * both list none. If only one lists methods, that is no conflict: it goes first. Nor are different
 * conditions: a request that meets both gets the route that asks for more, or else the earlier one.
 * Paths that cannot be read are skipped; `parsePattern` reports what is wrong with them.
 */
export function findConflicts(routes: readonly RoutePattern[]): RouteConflict[] {
  const allClaims = new Map<string, Claims>();
  const conflicts: RouteConflict[] = [];
  for (const [index, route] of routes.entries()) {
    const pattern = route.pattern ?? parsePattern(route.path);
    if ("message" in pattern) continue;
    const key = keyOf(pattern, route);
    let claims = allClaims.get(key);
    if (claims === undefined) {
      claims = { byMethod: new Map(), rest: undefined };
      allClaims.set(key, claims);
    }
    for (const [other, methods] of claim(claims, index, route.methods)) {
      const message = describe(route, methods, routes[other]?.path ?? "");
      conflicts.push({ index, other, message });
    }
  }
  return conflicts;
}

/** Equal for routes of one shape and the same conditions. */
function keyOf({ shape }: Pattern, { conditions }: RoutePattern): string {
  if (conditions === undefined) return shape;
  return JSON.stringify([shape, ...conditions.map(({ text }) => text).sort()]);
}

/** Claims what is still free, and returns the conflicting earlier claims: route → methods. */
function claim(
  claims: Claims,
  index: number,
  methods: readonly string[] | undefined,
): Map<number, string[]> {
  const earlier = new Map<number, string[]>();
  if (methods === undefined) {
    if (claims.rest !== undefined) earlier.set(claims.rest, []);
    claims.rest ??= index;
    return earlier;
  }
  for (const method of new Set(methods)) {
    const other = claims.byMethod.get(method);
    if (other === undefined) claims.byMethod.set(method, index);
    else earlier.set(other, [...(earlier.get(other) ?? []), method]);
  }
  return earlier;
}

function describe(
  { path, conditions }: RoutePattern,
  methods: readonly string[],
  otherPath: string,
): string {
  const by =
    path === otherPath
      ? `an earlier route with the same path${conditions === undefined ? "" : " and conditions"}`
      : `"${otherPath}"${conditions === undefined ? "" : ", which has the same conditions"}`;
  if (methods.length === 0) return `the requests for "${path}" are already taken by ${by}`;
  const verb = methods.length === 1 ? "is" : "are";
  return `${listed(methods)} on "${path}" ${verb} already taken by ${by}`;
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
