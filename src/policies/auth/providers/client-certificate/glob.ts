/** Text with wildcards, each of which stands for one or more characters. */
export class Glob {
  readonly #first: string;
  readonly #between: readonly string[];
  /** Undefined without a wildcard. */
  readonly #last: string | undefined;

  /** The texts between the wildcards, in order; one text if there are none. */
  constructor(segments: readonly string[]) {
    const [first = "", ...others] = segments;
    this.#first = first;
    this.#last = others.pop();
    this.#between = others;
  }

  matches(value: string): boolean {
    if (this.#last === undefined) return value === this.#first;
    if (!value.startsWith(this.#first)) return false;
    // The leftmost place for each leaves most to the others.
    let at = this.#first.length;
    for (const text of this.#between) {
      const found = value.indexOf(text, at + 1);
      if (found === -1) return false;
      at = found + text.length;
    }
    return value.length - this.#last.length > at && value.endsWith(this.#last);
  }
}

/** Every `*` is a wildcard. */
export function globOf(written: string): Glob {
  return new Glob(written.split("*"));
}
