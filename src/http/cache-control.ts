/**
 * The directives of Cache-Control (RFC 9111 section 5.2), by their names in lower case. A directive
 * without an argument has the value "".
 */
export type CacheDirectives = ReadonlyMap<string, string>;

/**
 * Reads a Cache-Control field, repeated ones joined by commas. A directive that contradicts an earlier
 * one of its name gets a value that is valid for none. What is no directive is skipped (section 5.2.3).
 */
export function parseCacheControl(written: string | null): CacheDirectives {
  if (written === null) return NONE;
  const directives = new Map<string, string>();
  const reader = new DirectiveReader(written);
  for (let read = reader.next(); read !== undefined; read = reader.next()) {
    const { name, value } = read;
    if (name === "") continue;
    const earlier = directives.get(name);
    directives.set(name, earlier === undefined || earlier === value ? value : CONTRADICTED);
  }
  return directives;
}

/** Whether a Cache-Control field has this directive, whose name is in lower case. */
export function hasDirective(written: string | null, name: string): boolean {
  // Most fields have no directive that is asked for.
  if (written === null || !written.toLowerCase().includes(name)) return false;
  return parseCacheControl(written).has(name);
}

/** RFC 9111 section 1.2.2: greater values are taken for this one. In seconds. */
export const MOST_SECONDS = 2 ** 31;

/** A number of seconds (RFC 9111 section 1.2.2); undefined for anything else. */
export function deltaSeconds(written: string | undefined): number | undefined {
  if (written === undefined || !/^[0-9]+$/.test(written)) return undefined;
  return Math.min(Number(written), MOST_SECONDS);
}

const NONE: CacheDirectives = new Map();
const CONTRADICTED = "?";

/** Blanks, and a directive's name with the "=" after it. */
const NAME = /[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]*)(=)?/y;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Reads elements between commas, in linear time. */
class DirectiveReader {
  readonly #text: string;
  #at = 0;
  /** After a quote that nothing ends, quotes are characters like any other: what follows counts. */
  #hasQuotes = true;

  constructor(text: string) {
    this.#text = text;
  }

  /** Undefined at the end; without a name if the element is no directive. */
  next(): { name: string; value: string } | undefined {
    const text = this.#text;
    if (this.#at >= text.length) return undefined;
    NAME.lastIndex = this.#at;
    const [whole = "", name = "", equals] = NAME.exec(text) ?? [];
    const start = this.#at + whole.length;
    const end = this.#elementEnd(start);
    this.#at = end + 1;
    if (equals === undefined) return { name: name.toLowerCase(), value: "" };
    return { name: name.toLowerCase(), value: unquoted(text.slice(start, end).trimEnd()) };
  }

  /** The index of the comma after an element; the text's length if there is none. */
  #elementEnd(start: number): number {
    const text = this.#text;
    for (let at = start; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === COMMA) return at;
      if (code === QUOTE && this.#hasQuotes) at = this.#stringEnd(at);
    }
    return text.length;
  }

  /** The index of the quote that ends a quoted string. */
  #stringEnd(start: number): number {
    const text = this.#text;
    for (let at = start + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code === BACKSLASH) at += 1;
    }
    this.#hasQuotes = false;
    return start;
  }
}

/** A quoted string's content; anything else as it is. */
function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
