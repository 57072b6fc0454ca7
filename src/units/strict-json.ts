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
  const written = namesWritten(text, deepest);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new JsonProblem("is not JSON", { cause: error });
  }
  // Of two members of one name, one is left. A set of names for each object would cost five times as much.
  if (written !== namesOf(value)) throw new JsonProblem("has two members of one name");
  return value;
}

/** The number of names in a text, which need not be valid: it counts only if the text can be parsed. */
function namesWritten(text: string, deepest: number): number {
  let names = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth += 1;
        if (depth > deepest) throw new JsonProblem(`is nested more than ${deepest} levels deep`);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth -= 1;
        break;
      case QUOTE:
        at = closingQuote(text, at);
        break;
      case COLON:
        names += 1;
        break;
      default:
        break;
    }
  }
  return names;
}

function closingQuote(text: string, opening: number): number {
  let at = opening + 1;
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
    if (at >= text.length) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** The number of members of all objects in a parsed value. */
function namesOf(value: unknown): number {
  let names = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (typeof item === "object") names += namesOf(item);
  } else if (typeof value === "object" && value !== null) {
    const members = value as Readonly<Record<string, unknown>>;
    for (const name in members) {
      names += 1;
      const member = members[name];
      if (typeof member === "object") names += namesOf(member);
    }
  }
  return names;
}
