import type { Candidate } from "./candidate.ts";
import { Candidates } from "./candidates.ts";
import type { Pattern, RoutePattern } from "./pattern.ts";
import { PatternTrie } from "./trie.ts";

/** What is done with the routes of one path; see `PathTable.search`. */
export type Accept<R extends RoutePattern, Given, Found> = (
  candidates: Candidates<R>,
  method: string,
  given: Given,
) => Found | undefined;

/** Finds routes by their paths: those that are for every host, or for the hosts of one pattern. */
export class PathTable<R extends RoutePattern> {
  /** Paths without parameters and wildcards: always the most specific, found by one lookup. */
  readonly #exact = new Map<string, Candidates<R>>();
  readonly #patterns = new PatternTrie<Candidates<R>>();

  /** Returns all routes of the path's shape. */
  add(candidate: Candidate<R>, pattern: Pattern): Candidates<R> {
    const candidates = this.#candidatesOf(pattern);
    candidates.add(candidate);
    return candidates;
  }

  /** Offers the routes that match the path, the most specific first, until one is accepted. */
  search<Given, Found>(
    path: string,
    method: string,
    given: Given,
    accept: Accept<R, Given, Found>,
  ): Found | undefined {
    const exact = this.#exact.get(path);
    const found = exact && accept(exact, method, given);
    return found ?? this.#patterns.search(path, method, given, accept);
  }

  #candidatesOf(pattern: Pattern): Candidates<R> {
    if (pattern.segments.some((segment) => segment.kind !== "static")) {
      return this.#patterns.leafOf(pattern, () => new Candidates<R>());
    }
    const known = this.#exact.get(pattern.path);
    if (known !== undefined) return known;
    const candidates = new Candidates<R>();
    this.#exact.set(pattern.path, candidates);
    return candidates;
  }
}
