import { REDACTED } from "../../../pipeline/redaction.ts";

interface JsonRules {
  /** Whether a member with this name has a secret. */
  readonly isSecret: (name: string) => boolean;
  /** What is left of a text that is a value. */
  readonly redactText: (text: string) => string;
}

/** Whether a text begins like a JSON object, or a list of objects, texts or lists. */
export function looksLikeJson(text: string): boolean {
  return BEGINNING.test(text);
}

const BEGINNING = /^\s{0,64}(?:\{\s{0,64}["}]|\[\s{0,64}[{["\]])/;

/** A text in quotation marks with what may follow it, or another part of JSON. */
const TOKEN =
  /"(?:[^"\\\p{Cc}]|\\.)*(?:$|"\s*(?:[:,}\]]|$))|[{}[\],:\s]+|[-+.\deE]+|true|false|null|[aeflnrstu]{1,4}$/guy;

/** Whether a text is JSON, or the beginning of it, as far as quotation marks stand where they may. */
export function isJsonSoFar(text: string): boolean {
  TOKEN.lastIndex = 0;
  let last = 0;
  while (last < text.length && TOKEN.test(text)) last = TOKEN.lastIndex;
  return last === text.length;
}

/**
 * A JSON text, or the beginning of one, without secrets. What is not a secret keeps its characters. Of what is
 * no JSON, texts in quotation marks are treated the same.
 */
export function redactedJson(text: string, { isSecret, redactText }: JsonRules): string {
  let redacted = "";
  let done = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at)) {
    const end = endOfString(text, at);
    const value = startOfValue(text, end);
    const inside = insideOf(text, at, end);
    if (value !== undefined) {
      // A member's name.
      at = value;
      if (!isSecret(inside)) continue;
      const valueEnd = endOfValue(text, value);
      if (valueEnd > value) redacted += `${text.slice(done, value)}"${REDACTED}"`;
      else redacted += text.slice(done, value);
      done = valueEnd;
      at = valueEnd;
      continue;
    }
    const left = isNamedOutside(text, done, at, isSecret) ? REDACTED : redactText(inside);
    if (left !== inside) {
      redacted += text.slice(done, at) + JSON.stringify(left);
      done = end;
    }
    at = end;
  }
  return done === 0 ? text : redacted + text.slice(done);
}

/** After the closing quotation mark, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) return at + 1;
    if (character === BACKSLASH) at += 1;
  }
  return text.length;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Where the value begins, if what ends here is a member's name. */
function startOfValue(text: string, nameEnd: number): number | undefined {
  const colon = afterBlanks(text, nameEnd);
  return text.charCodeAt(colon) === COLON ? afterBlanks(text, colon + 1) : undefined;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && BLANKS.includes(text.charAt(at))) at += 1;
  return at;
}

const BLANKS = " \t\r\n";

/** The end of a value, or of the text. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"') {
      at = endOfString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      // The end of what contains a number or a word.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (character === "," || BLANKS.includes(character))) return at;
    at += 1;
  }
  return text.length;
}

/** What a string in quotation marks says; as far as it is there. */
function insideOf(text: string, start: number, end: number): string {
  const isClosed = end - start > 1 && text.charCodeAt(end - 1) === QUOTE;
  const inside = text.slice(start + 1, isClosed ? end - 1 : end);
  if (!inside.includes("\\")) return inside;
  // An escape that has been cut is left out.
  for (const written of [inside, inside.replace(/\\(?:u[\dA-Fa-f]{0,3})?$/, "")]) {
    try {
      return JSON.parse(`"${written}"`) as string;
    } catch {
      // Control characters stand in it, or an escape that is none.
    }
  }
  return inside;
}

/** Whether what stands before a string is a name without quotation marks, as in `{password: "a"}`. */
function isNamedOutside(
  text: string,
  from: number,
  start: number,
  isSecret: (name: string) => boolean,
): boolean {
  const name = NAME_BEFORE.exec(text.slice(Math.max(from, start - LONGEST_NAME), start))?.[1];
  return name !== undefined && isSecret(name);
}

const LONGEST_NAME = 80;
const NAME_BEFORE = /([\w.-]{1,64})'?\s{0,4}[:=]\s{0,4}$/;
