/** Why a text is not taken for JSON, as a clause. */
export class JsonProblem extends Error {
  override readonly name = "JsonProblem";
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Parses JSON of strangers: an object must not have two members of one name, of which parsers take
 * either (RFC 8725 section 2.4), and nothing may be nested deeper than `deepest` levels, which is seen
 * before anything is parsed. Linear in time. Throws a JsonProblem.
 */
export function parseStrictJson(text: string, deepest: number): unknown {
  const names = new NameCheck(text, deepest);
  const hasUniqueNames = names.check();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new JsonProblem("is not JSON", { cause: error });
  }
  if (!hasUniqueNames) throw new JsonProblem("has two members of one name");
  return value;
}

/** A scan of text that need not be valid: what it finds counts only if the text can be parsed. */
class NameCheck {
  readonly #text: string;
  readonly #deepest: number;
  /** The names of the objects around a place; undefined for lists. */
  readonly #around: (Set<string> | undefined)[] = [];
  #areUnique = true;

  constructor(text: string, deepest: number) {
    this.#text = text;
    this.#deepest = deepest;
  }

  check(): boolean {
    const text = this.#text;
    for (let at = 0; at < text.length; at += 1) {
      switch (text.charCodeAt(at)) {
        case OPEN_OBJECT:
          this.#enter(new Set());
          break;
        case OPEN_ARRAY:
          this.#enter(undefined);
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          this.#around.pop();
          break;
        case QUOTE:
          at = this.#string(at);
          break;
        default:
          break;
      }
    }
    return this.#areUnique;
  }

  #enter(names: Set<string> | undefined): void {
    this.#around.push(names);
    if (this.#around.length > this.#deepest) {
      throw new JsonProblem(`is nested more than ${this.#deepest} levels deep`);
    }
  }

  /** Takes note of a name. Returns the index of the closing quote. */
  #string(start: number): number {
    const text = this.#text;
    let end = start + 1;
    let hasEscapes = false;
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(end)) {
      if (end >= text.length) return end;
      if (code === BACKSLASH) {
        hasEscapes = true;
        end += 1;
      }
      end += 1;
    }
    const names = this.#around.at(-1);
    if (names === undefined || !this.#isName(end + 1)) return end;
    const name = hasEscapes ? unescaped(text.slice(start, end + 1)) : text.slice(start + 1, end);
    if (names.has(name)) this.#areUnique = false;
    names.add(name);
    return end;
  }

  /** Whether a colon comes next: then the string before is a member's name. */
  #isName(from: number): boolean {
    const text = this.#text;
    let at = from;
    for (let code = text.charCodeAt(at); isBlank(code); code = text.charCodeAt(at)) at += 1;
    return text.charCodeAt(at) === COLON;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Text that no parser takes stands for itself. */
function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
