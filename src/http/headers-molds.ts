import { headersOf } from "./fields.ts";

/** How many distinct header layouts to keep. */
const MOLDS = 8;

/**
 * Makes Headers of a list of fields. Answers of one kind have the same names in the same order, and
 * mostly the same values, so in a cached Headers object only changed fields are set. A Response copies
 * the Headers that it is given.
 */
export class HeadersMolds {
  readonly #molds: Mold[] = [];
  #next = 0;

  /** The result is valid until the next call. Throws a TypeError for an invalid name or value. */
  headersOf(list: readonly string[]): Headers {
    for (const mold of this.#molds) if (mold.fits(list)) return mold.fill(list);
    const headers = headersOf(list);
    if (!repeatsNames(list)) {
      this.#molds[this.#next] = new Mold(list.slice(), headers);
      this.#next = (this.#next + 1) % MOLDS;
    }
    return headers;
  }
}

/** Cached Headers, and the list that they were made of. */
class Mold {
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
