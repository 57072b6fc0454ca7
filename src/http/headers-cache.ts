import { headersOf } from "./fields.ts";

/** How many distinct header layouts to keep. */
const LAYOUTS = 8;

/**
 * Makes Headers of a list of fields. Answers of one kind have the same names in the same order, and
 * mostly the same values, so in a cached Headers object only changed fields are set. A Response copies
 * the Headers that it is given.
 */
export class HeadersCache {
  readonly #cached: CachedHeaders[] = [];
  #next = 0;

  /** The result is valid until the next call. Throws a TypeError for an invalid name or value. */
  headersOf(list: readonly string[]): Headers {
    for (const cached of this.#cached) if (cached.fits(list)) return cached.fill(list);
    const headers = headersOf(list);
    if (!repeatsNames(list)) {
      this.#cached[this.#next] = new CachedHeaders(list.slice(), headers);
      this.#next = (this.#next + 1) % LAYOUTS;
    }
    return headers;
  }
}

/** Cached Headers, and the list that they were made of. */
class CachedHeaders {
  readonly #list: string[];
  readonly #headers: Headers;

  constructor(list: string[], headers: Headers) {
    this.#list = list;
    this.#headers = headers;
  }

  /** Whether a list has the same names in the same order. */
  fits(list: readonly string[]): boolean {
    const own = this.#list;
    if (list.length !== own.length) return false;
    for (let at = 0; at < own.length; at += 2) if (own[at] !== list[at]) return false;
    return true;
  }

  fill(list: readonly string[]): Headers {
    const own = this.#list;
    for (let at = 1; at < own.length; at += 2) {
      const value = list[at] ?? "";
      if (own[at] === value) continue;
      this.#headers.set(list[at - 1] ?? "", value);
      own[at] = value;
    }
    return this.#headers;
  }
}

function repeatsNames(list: readonly string[]): boolean {
  const names = list.filter((_, at) => at % 2 === 0);
  return new Set(names).size < names.length;
}
