import { type Condition, keyOf } from "./conditions/condition.ts";
import type { RoutePattern } from "./pattern.ts";

/** A route at one of its hosts. To be claimed for in the order in which routes are tried. */
export interface Contender {
  readonly index: number;
  readonly route: RoutePattern;
  /** The same for the same host and shape of path. */
  readonly place: string;
}

/** Earlier routes, by their indices, with the methods that they take; none if both list none. */
type Claimed = Map<number, string[]>;

/** Which route takes which method, among those of one place and the same conditions. */
interface Claims {
  readonly byMethod: Map<string, number>;
  /** The first route without `methods`. */
  rest: number | undefined;
}

/** Claims of routes with the same conditions. */
export class SameClaims {
  readonly #all = new Map<string, Claims>();

  /** Claims what is still free, and returns who has claimed the rest. */
  claim({ index, route, place }: Contender): Claimed {
    const { methods, conditions = [] } = route;
    const key = JSON.stringify([place, ...conditions.map(keyOf).sort()]);
    let claims = this.#all.get(key);
    if (claims === undefined) {
      claims = { byMethod: new Map(), rest: undefined };
      this.#all.set(key, claims);
    }
    const claimed: Claimed = new Map();
    if (methods === undefined) {
      if (claims.rest !== undefined) claimed.set(claims.rest, []);
      claims.rest ??= index;
      return claimed;
    }
    for (const method of new Set(methods)) {
      const other = claims.byMethod.get(method);
      if (other === undefined) claims.byMethod.set(method, index);
      else note(claimed, other, method);
    }
    return claimed;
  }
}

/** Comparing every two of thousands of routes of one place would take seconds. */
const COMPARISONS = 1_000_000;

/** Claims of routes whose conditions are on the same things, but accept more. */
export class ImpliedClaims {
  /** By place and what the conditions are on: the routes that may accept all that another one accepts. */
  readonly #broad = new Map<string, Contender[]>();
  #comparisons = 0;

  /** Returns who has claimed the route's requests, unless that is known. */
  claim(contender: Contender, isKnown: boolean): Claimed {
    const { route, place } = contender;
    const { conditions } = route;
    const claimed: Claimed = new Map();
    if (conditions === undefined) return claimed;
    const key = JSON.stringify([place, ...conditions.map(subjectOf).sort()]);
    const earlier = this.#broad.get(key) ?? [];
    if (!isKnown) this.#compare(route, earlier, claimed);
    if (!conditions.some(isBroad)) return claimed;
    if (earlier.length === 0) this.#broad.set(key, earlier);
    earlier.push(contender);
    return claimed;
  }

  #compare({ methods, conditions = [] }: RoutePattern, earlier: Contender[], claimed: Claimed) {
    const left = new Set(methods);
    for (const { index, route } of earlier) {
      this.#comparisons += 1;
      if (this.#comparisons > COMPARISONS) return;
      if ((route.methods === undefined) !== (methods === undefined)) continue;
      const common = (route.methods ?? []).filter((method) => left.has(method));
      if (methods !== undefined && common.length === 0) continue;
      if (!areImplied(route.conditions ?? [], conditions)) continue;
      if (methods === undefined) {
        claimed.set(index, []);
        return;
      }
      for (const method of common) {
        note(claimed, index, method);
        left.delete(method);
      }
    }
  }
}

/** Whether requests that meet the conditions meet the others too, which are on the same things. */
function areImplied(others: readonly Condition[], conditions: readonly Condition[]): boolean {
  return others.every((other) =>
    conditions.some(
      (condition) =>
        keyOf(other) === keyOf(condition) ||
        (subjectOf(other) === subjectOf(condition) && other.comparison?.covers(condition) === true),
    ),
  );
}

function subjectOf(condition: Condition): string {
  return condition.comparison?.subject ?? keyOf(condition);
}

/** Whether it may accept all that a different one accepts. */
function isBroad({ comparison, lookup }: Condition): boolean {
  return comparison !== undefined && lookup?.values.length !== 1;
}

function note(claimed: Claimed, other: number, method: string): void {
  const methods = claimed.get(other);
  if (methods === undefined) claimed.set(other, [method]);
  else methods.push(method);
}
