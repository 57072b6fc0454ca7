import type { Steps } from "../time/slices.ts";
import { isPreflight } from "../http/preflight.ts";
import { accepts, type Candidate, compareRank } from "./candidate.ts";
import type { Lookup, RoutedRequest } from "./conditions/condition.ts";
import type { RoutePattern } from "./pattern.ts";

/** From this many routes on, those with a condition that compares values are found by a lookup. */
const LOOKUP_FROM = 8;

/** The routes with one of the values of something that is compared. */
interface Shelf<R extends RoutePattern> {
  readonly lookup: Lookup;
  readonly byValue: ReadonlyMap<string, readonly Candidate<R>[]>;
}

/** Shelves for routes that have such a condition, and the others. All lists are in order. */
interface Shelves<R extends RoutePattern> {
  readonly shelves: readonly Shelf<R>[];
  readonly rest: readonly Candidate<R>[];
}

/** Routes in the order in which they are tried. */
export class Ranking<R extends RoutePattern> {
  readonly #ordered: Candidate<R>[] = [];
  /** Undefined until `arrange`, and if it is of no use. */
  #shelves: Shelves<R> | undefined = undefined;

  get ordered(): readonly Candidate<R>[] {
    return this.#ordered;
  }

  add(candidate: Candidate<R>): void {
    this.#shelves = undefined;
    let place = this.#ordered.length;
    for (let start = 0; start < place;) {
      const middle = (start + place) >> 1;
      const other = this.#ordered[middle];
      if (other !== undefined && compareRank(other, candidate) < 0) start = middle + 1;
      else place = middle;
    }
    this.#ordered.splice(place, 0, candidate);
  }

  copy(): Ranking<R> {
    const copy = new Ranking<R>();
    copy.#ordered.push(...this.#ordered);
    return copy;
  }

  /** Makes finding routes fast, a route at a step. To be called when all have been added. */
  *arrange(): Steps<void> {
    if (this.#ordered.length >= LOOKUP_FROM) this.#shelves = yield* arrange(this.#ordered);
  }

  /** The first route whose conditions a request meets. */
  first(request: RoutedRequest): Candidate<R> | undefined {
    const shelves = this.#shelves;
    // A preflight has none of the values that its request will have.
    if (shelves === undefined || isPreflight(request.request.method, request.fields))
      return firstOf(this.#ordered, request);
    let best = firstOf(shelves.rest, request);
    for (const shelf of shelves.shelves) {
      best = firstOf(onShelf(shelf, request), request, best) ?? best;
    }
    return best;
  }

  /** All routes whose conditions a request meets. */
  accepting(request: RoutedRequest): Candidate<R>[] {
    const shelves = this.#shelves;
    const possible =
      shelves === undefined || isPreflight(request.request.method, request.fields)
        ? this.#ordered
        : [...shelves.rest, ...shelves.shelves.flatMap((shelf) => onShelf(shelf, request))];
    return possible.filter((candidate) => accepts(candidate, request));
  }
}

/** `before`: only a route that comes before this one is of interest. */
function firstOf<R extends RoutePattern>(
  list: readonly Candidate<R>[],
  request: RoutedRequest,
  before?: Candidate<R>,
): Candidate<R> | undefined {
  for (const candidate of list) {
    if (before !== undefined && compareRank(before, candidate) < 0) return undefined;
    if (candidate.conditions === undefined || accepts(candidate, request)) return candidate;
  }
  return undefined;
}

function onShelf<R extends RoutePattern>(
  { lookup, byValue }: Shelf<R>,
  request: RoutedRequest,
): readonly Candidate<R>[] {
  const value = lookup.read(request);
  return value === undefined ? NONE : (byValue.get(value) ?? NONE);
}

const NONE: readonly never[] = [];

/**
 * Puts each route on the shelf of the subject that has the most values, which leaves the fewest to try.
 * Undefined if no subject has enough of them.
 */
function* arrange<R extends RoutePattern>(
  ordered: readonly Candidate<R>[],
): Steps<Shelves<R> | undefined> {
  const values = new Map<string, Set<string>>();
  for (const candidate of ordered) {
    for (const { subject, values: own } of lookupsOf(candidate)) {
      let known = values.get(subject);
      if (known === undefined) values.set(subject, (known = new Set()));
      for (const value of own) known.add(value);
    }
    yield undefined;
  }
  const sizeOf = ({ subject }: Lookup) => values.get(subject)?.size ?? 0;
  const shelves = new Map<string, { lookup: Lookup; byValue: Map<string, Candidate<R>[]> }>();
  const rest: Candidate<R>[] = [];
  for (const candidate of ordered) {
    yield undefined;
    const [lookup] = lookupsOf(candidate).sort((one, other) => sizeOf(other) - sizeOf(one));
    if (lookup === undefined || sizeOf(lookup) < LOOKUP_FROM / 2) {
      rest.push(candidate);
      continue;
    }
    let shelf = shelves.get(lookup.subject);
    if (shelf === undefined) shelves.set(lookup.subject, (shelf = { lookup, byValue: new Map() }));
    for (const value of new Set(lookup.values)) {
      const listed = shelf.byValue.get(value);
      if (listed === undefined) shelf.byValue.set(value, [candidate]);
      else listed.push(candidate);
    }
  }
  return shelves.size === 0 ? undefined : { shelves: [...shelves.values()], rest };
}

function lookupsOf<R extends RoutePattern>({ conditions = [] }: Candidate<R>): Lookup[] {
  return conditions.flatMap(({ lookup }) => lookup ?? []);
}
