import { proxiedMethods } from "../http/methods.ts";
import type { Steps } from "../time/slices.ts";
import type { Candidate } from "./candidate.ts";
import type { RoutedRequest } from "./conditions/condition.ts";
import type { RoutePattern } from "./pattern.ts";
import { Ranking } from "./ranking.ts";

/**
 * The routes of one host and path shape. Those that list no methods take the ones that are always
 * forwarded; any other method must be listed. A route that lists the method comes before one that lists
 * none.
 */
export class Candidates<R extends RoutePattern> {
  readonly all = new Ranking<R>();
  /** Both absent while every route accepts any method, as nearly all do: then `all` is the rest. */
  #byMethod: Map<string, Ranking<R>> | undefined = undefined;
  #rest: Ranking<R> | undefined = undefined;

  add(candidate: Candidate<R>): void {
    const { methods } = candidate.route;
    if (methods === undefined) {
      this.all.add(candidate);
      this.#rest?.add(candidate);
      return;
    }
    this.#rest ??= this.all.copy();
    this.all.add(candidate);
    this.#byMethod ??= new Map();
    for (const method of new Set(methods)) {
      let listed = this.#byMethod.get(method);
      if (listed === undefined) this.#byMethod.set(method, (listed = new Ranking()));
      listed.add(candidate);
    }
  }

  choose(method: string, request: RoutedRequest): Candidate<R> | undefined {
    const found = this.#byMethod?.get(method)?.first(request);
    if (found !== undefined || !proxiedMethods.has(method)) return found;
    return (this.#rest ?? this.all).first(request);
  }

  /** Makes `choose` fast for many routes, a route at a step. To be called when all have been added. */
  *arrange(): Steps<void> {
    yield* this.all.arrange();
    if (this.#rest !== undefined) yield* this.#rest.arrange();
    for (const ranking of this.#byMethod?.values() ?? []) yield* ranking.arrange();
  }
}
