import { Glob } from "./glob.ts";
import { attributeName, attributeType } from "./attribute-types.ts";

/** A part of a distinguished name. */
export interface Attribute {
  /** Its object identifier. */
  readonly type: string;
  readonly value: string;
  /** False if the value is not text; it is "#" and its bytes in hexadecimal then. */
  readonly isText: boolean;
}

/**
 * A rule for distinguished names, like `CN=device-*,O=Acme`: attributes of RFC 4514, whose values may
 * have wildcards. A name has to have each of them, and no other value of the same types: what is
 * written about O is all that is in O. Attributes of other types do not matter, nor does the order of
 * types; several of one type, like DC=example,DC=com, stand in the order of RFC 4514.
 */
export class NamePattern {
  readonly #byType: ReadonlyMap<string, readonly Glob[]>;

  /** Throws a PatternProblem. */
  constructor(written: string) {
    const byType = new Map<string, Glob[]>();
    for (const { type, value } of parse(written)) {
      const known = byType.get(type);
      if (known === undefined) byType.set(type, [value]);
      else known.push(value);
    }
    this.#byType = byType;
  }

  matches(name: readonly Attribute[]): boolean {
    for (const [type, globs] of this.#byType) {
      const present = name.filter((attribute) => attribute.type === type);
      if (present.length !== globs.length) return false;
      const areSame = present.every(
        ({ value, isText }, at) => isText && globs[at]?.matches(value) === true,
      );
      if (!areSame) return false;
    }
    return true;
  }
}

/** A distinguished name as text by RFC 4514. */
export function nameText(name: readonly Attribute[]): string {
  return name
    .map(({ type, value, isText }) => {
      const text = isText ? value.replace(SPECIAL, escaped) : value;
      return `${attributeName(type) ?? type}=${text}`;
    })
    .join(",");
}

// oxlint-disable-next-line no-control-regex -- these are what it is about
const SPECIAL = /[\0-\x1F\x7F",+;<>\\]|^[ #]| $/g;

function escaped(character: string): string {
  return character < " " || character === "\x7F"
    ? `\\${Buffer.from(character).toString("hex").toUpperCase()}`
    : `\\${character}`;
}

/** Why a rule cannot be read. */
export class PatternProblem extends Error {
  override readonly name = "PatternProblem";
}

interface AttributePattern {
  readonly type: string;
  readonly value: Glob;
}

function parse(written: string): AttributePattern[] {
  if (written.startsWith("/")) {
    throw new PatternProblem(
      "write the parts with commas, the most specific one first: CN=device,O=Acme",
    );
  }
  const patterns: AttributePattern[] = [];
  let at = 0;
  while (at < written.length || patterns.length === 0) {
    const equals = written.indexOf("=", at);
    const name = written.slice(at, equals === -1 ? undefined : equals).trim();
    if (equals === -1) {
      throw new PatternProblem(
        `\`${name}\` is not an attribute with its value, like \`CN=device-*\``,
      );
    }
    const type = attributeType(name);
    if (type === undefined) {
      throw new PatternProblem(
        `\`${name}\` is not an attribute; write its name, like CN, or its object identifier`,
      );
    }
    const value = readValue(written, equals + 1);
    if (value.segments.length === 1 && value.segments[0] === "") {
      throw new PatternProblem(`\`${name}\` has no value; \`${name}=*\` stands for any`);
    }
    patterns.push({ type, value: new Glob(value.segments) });
    at = value.end + 1;
    if (value.end === written.length - 1) {
      throw new PatternProblem("there is nothing after the last comma");
    }
  }
  return patterns;
}

/** Reads a value up to the next separator: the texts between its wildcards, and where it ends. */
function readValue(written: string, start: number): { segments: string[]; end: number } {
  const segments: string[] = [];
  let bytes: number[] = [];
  /** The length up to which blanks belong to the value. */
  let kept = 0;
  let at = start;
  const push = (text: string) => bytes.push(...Buffer.from(text));
  while (at < written.length) {
    const character = String.fromCodePoint(written.codePointAt(at) ?? 0);
    if (character === "," || character === "+") break;
    if (character === '"' || character === ";") {
      throw new PatternProblem(`a ${character} in a value is written \\${character}`);
    }
    if (character === "#" && bytes.length === 0 && segments.length === 0) {
      throw new PatternProblem(
        "values in hexadecimal are not supported; write the text, and a # at its beginning as \\#",
      );
    }
    at += character.length;
    if (character === "*") {
      segments.push(decoded(bytes));
      bytes = [];
      kept = 0;
    } else if (character === "\\") {
      const pair = /^[0-9A-Fa-f]{2}/.exec(written.slice(at, at + 2))?.[0];
      const one = String.fromCodePoint(written.codePointAt(at) ?? 0);
      if (pair !== undefined) bytes.push(Number.parseInt(pair, 16));
      else if (at < written.length) push(one);
      else throw new PatternProblem("there is nothing after the last \\");
      at += pair?.length ?? one.length;
      kept = bytes.length;
    } else if (character !== " ") {
      push(character);
      kept = bytes.length;
    } else if (bytes.length > 0 || segments.length > 0) push(character);
  }
  segments.push(decoded(bytes.slice(0, kept)));
  return { segments, end: at };
}

function decoded(bytes: readonly number[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    throw new PatternProblem("the bytes in hexadecimal are not UTF-8");
  }
}
