import type { ConfigNode, Place, ScalarNode } from "./node.ts";
import { plainScalar, quotedScalar } from "./scalars.ts";
import type { Span } from "./source-text.ts";

/**
 * Parses plain YAML ten times faster than the library: block mappings and lists, scalars and flow
 * collections of one line, comments. For anything else, errors included, it returns undefined and
 * leaves the text to the library. What it does parse is the same as from the library; a property
 * test compares the two.
 */
export function readPlainYaml(text: string): Place | undefined {
  if (NOT_PLAIN.test(text)) return undefined;
  const reader = new PlainReader(text);
  try {
    return reader.read();
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** Thrown if the text is not plain. */
class NotPlain extends Error {}

// Control characters other than line feeds, Unicode line separators and byte order marks.
const NOT_PLAIN = /[^\P{Cc}\n]|[\u2028\u2029\uFEFF\uFFFE\uFFFF]/u;
const KEY = /([A-Za-z_][A-Za-z0-9_.-]*):(?=[ \n]|$)/y;
const FLOW_KEY = /([A-Za-z_][A-Za-z0-9_.-]*): /y;
const SPACES = / */y;
const DEEPEST = 50;

class PlainReader {
  readonly #text: string;
  /** The start of the current line's content, and its indentation; -1 at the end of the text. */
  #at = 0;
  #indent = -1;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Place {
    this.#goTo(0);
    const place = this.#indent === 0 && this.#isItem() ? this.#list(0) : this.#mapping(0);
    if (this.#isAtEnd()) return place;
    throw new NotPlain();
  }

  #isAtEnd(): boolean {
    return this.#indent === -1;
  }

  /** Moves to the first line with content at or after `start`. */
  #goTo(start: number): void {
    const text = this.#text;
    for (let line = start; line < text.length;) {
      const at = line + spacesAt(text, line);
      const first = text[at];
      if (first !== undefined && first !== "\n" && first !== "#") {
        this.#at = at;
        this.#indent = at - line;
        return;
      }
      const end = text.indexOf("\n", at);
      if (end === -1) break;
      line = end + 1;
    }
    this.#indent = -1;
  }

  /** The block mapping whose first key is here. */
  #mapping(indent: number): Place {
    this.#enter();
    const entries = new Map<string, Place>();
    let first: Span | undefined;
    while (this.#indent === indent) {
      const name = this.#match(KEY, this.#at);
      if (name === undefined || entries.has(name)) throw new NotPlain();
      const key = { start: this.#at, end: this.#at + name.length };
      first ??= key;
      const { node, at } = this.#value(key.end + 1, indent, true);
      entries.set(name, { node, at, key });
    }
    if (this.#indent > indent || first === undefined) throw new NotPlain();
    this.#depth -= 1;
    return { node: { kind: "mapping", entries }, at: first };
  }

  /** The block list whose first item is here. */
  #list(indent: number): Place {
    this.#enter();
    const start = this.#at;
    const items: Place[] = [];
    while (this.#indent === indent && this.#isItem()) {
      const at = this.#at + 1 + spacesAt(this.#text, this.#at + 1);
      if (this.#match(KEY, at) === undefined) {
        items.push(this.#value(this.#at + 1, indent, false));
        continue;
      }
      // The keys of the item start in the column of its first key.
      this.#indent += at - this.#at;
      this.#at = at;
      items.push(this.#mapping(this.#indent));
    }
    if (this.#indent > indent) throw new NotPlain();
    this.#depth -= 1;
    return { node: { kind: "list", items }, at: { start, end: start + 1 } };
  }

  #isItem(): boolean {
    return this.#text[this.#at] === "-" && this.#text[this.#at + 1] === " ";
  }

  /** The value after a key's colon or an item's dash, on the same line or below. */
  #value(after: number, indent: number, isOfKey: boolean): Place {
    const text = this.#text;
    const at = after + spacesAt(text, after);
    const first = text[at];
    if (first === undefined || first === "\n" || (first === "#" && at > after)) {
      if (!isOfKey) throw new NotPlain();
      const end = text.indexOf("\n", at);
      this.#goTo(end === -1 ? text.length : end + 1);
      if (this.#indent > indent) {
        return this.#isItem() ? this.#list(this.#indent) : this.#mapping(this.#indent);
      }
      if (this.#indent === indent && this.#isItem()) return this.#list(indent);
      throw new NotPlain();
    }
    if (at === after) throw new NotPlain();
    const { place, end } = this.#inline(at, false);
    this.#goTo(this.#endOfLine(end));
    if (this.#indent > indent) throw new NotPlain();
    return place;
  }

  /** The start of the next line, if nothing but spaces and a comment comes before it. */
  #endOfLine(end: number): number {
    const text = this.#text;
    const rest = end + spacesAt(text, end);
    if (rest >= text.length) return text.length;
    if (text[rest] === "\n") return rest + 1;
    if (text[rest] !== "#" || rest === end) throw new NotPlain();
    const line = text.indexOf("\n", rest);
    return line === -1 ? text.length : line + 1;
  }

  /** A scalar or a flow collection in one line. */
  #inline(at: number, isInFlow: boolean): { place: Place; end: number } {
    const first = this.#text[at];
    if (first === "{") return this.#flowMapping(at);
    if (first === "[") return this.#flowList(at);
    const scalar: ScalarNode | undefined =
      first === '"' || first === "'"
        ? quotedScalar(this.#text, at)
        : plainScalar(this.#text, at, isInFlow);
    if (scalar === undefined) throw new NotPlain();
    return { place: { node: scalar, at: scalar.span }, end: scalar.span.end };
  }

  #flowMapping(start: number): { place: Place; end: number } {
    const entries = new Map<string, Place>();
    const end = this.#flow(start, "}", (at) => {
      const name = this.#match(FLOW_KEY, at);
      if (name === undefined || entries.has(name)) throw new NotPlain();
      const key = { start: at, end: at + name.length };
      const value = key.end + 1 + spacesAt(this.#text, key.end + 1);
      const { place, end: valueEnd } = this.#inline(value, true);
      entries.set(name, { ...place, key });
      return valueEnd;
    });
    return this.#collection({ kind: "mapping", entries }, start, end);
  }

  #flowList(start: number): { place: Place; end: number } {
    const items: Place[] = [];
    const end = this.#flow(start, "]", (at) => {
      const { place, end: itemEnd } = this.#inline(at, true);
      items.push(place);
      return itemEnd;
    });
    return this.#collection({ kind: "list", items }, start, end);
  }

  #collection(node: ConfigNode, start: number, end: number): { place: Place; end: number } {
    return { place: { node, at: { start, end } }, end };
  }

  /** Reads the comma-separated parts of a flow collection; returns its end. */
  #flow(start: number, closing: string, readPart: (at: number) => number): number {
    this.#enter();
    const text = this.#text;
    let at = start + 1 + spacesAt(text, start + 1);
    if (text[at] !== closing) {
      for (;;) {
        at = readPart(at);
        at += spacesAt(text, at);
        if (text[at] !== ",") break;
        at += 1 + spacesAt(text, at + 1);
      }
      if (text[at] !== closing) throw new NotPlain();
    }
    this.#depth -= 1;
    return at + 1;
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#text)?.[1];
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new NotPlain();
  }
}

function spacesAt(text: string, at: number): number {
  SPACES.lastIndex = at;
  return SPACES.exec(text)?.[0].length ?? 0;
}
