import { targetOf } from "../../http/target.ts";
import type { Steps } from "../../time/slices.ts";
import type { ResponseCache } from "./response-cache.ts";
import { type Owner, ownerOf } from "./store.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** Which stored answers to remove. Exactly one of the first four is given. */
export interface Purge {
  /** A path with all its queries, or with the one that it has. */
  readonly path?: string | undefined;
  /** What a path and its query begin with. */
  readonly prefix?: string | undefined;
  /** A tag that the answer had (Surrogate-Key, Cache-Tag, xkey). */
  readonly tag?: string | undefined;
  readonly all?: true | undefined;
  /** With the port that clients write; all hosts by default. */
  readonly host?: string | undefined;
}

/** Removes stored answers, a few per step. Returns how many there were. */
export function* purgeInSteps(caches: readonly ResponseCache[], what: Purge): Steps<number> {
  const isMeant = urlCheck(what);
  const { tag } = what;
  // Thousands of routes have one store.
  const stores = new Set(caches.map(({ store }) => store));
  const shelves = new Set<Owner>(caches.map(({ shelf }) => shelf));
  let count = 0;
  function* remove(answers: Iterable<StoredAnswer>): Steps<void> {
    for (const answer of answers) {
      const owner = ownerOf(answer);
      if (owner !== undefined && shelves.has(owner) && isMeant(answer.url)) {
        owner.remove(answer);
        count += 1;
      }
      yield undefined;
    }
  }
  for (const store of stores) {
    // What is under way may be older than what made the operator purge.
    store.spoil(isMeant);
    if (tag !== undefined) yield* remove(store.taggedWith(tag));
  }
  if (tag !== undefined) return count;
  for (const { shelf } of caches) {
    yield* remove([...shelf]);
    yield undefined;
  }
  return count;
}

/** Whether an answer for a URL is meant, as far as that shows in it. */
function urlCheck({ path, prefix, host }: Purge): (url: string) => boolean {
  const wantedHost = host?.toLowerCase();
  const paths = path === undefined ? undefined : new Set([path, normal(path)]);
  return (url) => {
    const { host, target } = parts(url);
    if (wantedHost !== undefined && host !== wantedHost) return false;
    if (prefix !== undefined) return target.startsWith(prefix);
    return paths === undefined || paths.has(target) || paths.has(target.replace(/\?.*$/s, ""));
  };
}

/** As it is stored for most routes, which do not keep the path as it was written. */
function normal(target: string): string {
  const { path, query, refusal } = targetOf("GET", target, null);
  return refusal === undefined ? path + query : target;
}

/** The host of a stored URL, and its path with the query. */
function parts(url: string): { host: string; target: string } {
  const start = url.indexOf("//") + 2;
  const slash = url.indexOf("/", start);
  return { host: url.slice(start, slash), target: url.slice(slash) };
}
