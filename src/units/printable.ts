/**
 * Characters that move a terminal's cursor, start an escape sequence, end a line or reorder it: C0,
 * DEL and C1 controls, line and paragraph separators, bidirectional marks and overrides, the byte
 * order mark, and lone surrogates, which UTF-8 cannot encode. For a character class of a regular
 * expression with the flag "u".
 */
export const UNPRINTABLE = String.raw`\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF\p{Cs}`;

const UNPRINTABLE_ANYWHERE = new RegExp(`[${UNPRINTABLE}]`, "u");
const UNPRINTABLES = new RegExp(`[${UNPRINTABLE}]`, "gu");
const UNPRINTABLES_AND_BACKSLASHES = new RegExp(String.raw`[\\${UNPRINTABLE}]`, "gu");
const UNPRINTABLE_OR_BACKSLASH = new RegExp(String.raw`[\\${UNPRINTABLE}]`, "u");

const SHORT: ReadonlyMap<string, string> = new Map([
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\\", "\\\\"],
]);

/** The text with unprintable characters escaped, like \n, \x9b or \u202e. For messages. */
export function printable(text: string): string {
  return UNPRINTABLE_ANYWHERE.test(text) ? text.replace(UNPRINTABLES, shown) : text;
}

/** Like `printable`, but also doubles backslashes, so that the original can be restored. */
export function escaped(text: string): string {
  return isPlain(text) ? text : text.replace(UNPRINTABLES_AND_BACKSLASHES, shown);
}

/** Whether `escaped` leaves a text as it is. */
export function isPlain(text: string): boolean {
  return !UNPRINTABLE_OR_BACKSLASH.test(text);
}

/** A value as JSON in which unprintable characters are escaped, like \u009b; `indent` as of `JSON.stringify`. */
export function printableJson(value: unknown, indent = 0): string {
  const json = JSON.stringify(value, undefined, indent);
  if (!UNPRINTABLE_ANYWHERE.test(json)) return json;
  return json.replace(UNPRINTABLES, (found) => (found === "\n" ? found : unicodeEscape(found)));
}

const LINES_AND_COLORS = new RegExp(`(?:\\r?\\n|\\t|\\x1b\\[[\\d;]*m)+|[${UNPRINTABLE}]`, "gu");

/** A text of lines, maybe coloured, that harms no terminal, whatever is quoted in it. */
export function printableLines(text: string): string {
  if (!UNPRINTABLE_ANYWHERE.test(text)) return text;
  return text.replace(LINES_AND_COLORS, (found) => (/[\nm\t]$/.test(found) ? found : shown(found)));
}

/** A character as an escape, like \n, \x20 or \u3000. */
export function shown(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code > 0xff ? unicodeEscape(character) : `\\x${code.toString(16).padStart(2, "0")}`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The original of a text that `escaped` has made. */
export function unescaped(text: string): string {
  return text.includes("\\") ? text.replace(ESCAPE, original) : text;
}

const ESCAPE = /\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/g;

function original(
  whole: string,
  byte: string | undefined,
  code: string | undefined,
  short: string | undefined,
): string {
  const digits = byte ?? code;
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
  return ORIGINALS.get(short ?? "") ?? whole;
}

const ORIGINALS: ReadonlyMap<string, string> = new Map([
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
  ["\\", "\\"],
]);
