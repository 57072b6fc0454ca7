import { REDACTED } from "../../../pipeline/redaction.ts";

/**
 * A name, maybe in quotation marks, which may stand in a text in quotation marks themselves, and what
 * separates it from its value.
 */
const NAMED =
  /((?:[\w.$[\]-]|\\{1,16}u[\da-f]{4}){1,64})(\\{0,64}["'`])?\s{0,16}(?:=>|:=|[=:])(?:[ \t]{0,4}(?:Bearer|Basic|Digest|Token)(?=[ \t]))?/gi;
const ESCAPE = /\\+u([\da-f]{4})/gi;

/**
 * Any text, or the beginning of one, without the values that stand after secret names and `=` or `:`, however
 * far it keeps to a format: in quotation marks of any kind, in braces, in the lines of YAML, or bare. Takes
 * time in proportion to the length.
 */
export function withoutNamedValues(text: string, isSecret: (name: string) => boolean): string {
  let redacted = "";
  let done = 0;
  for (const found of text.matchAll(NAMED)) {
    if (found.index < done) continue;
    const [all, written = "", quote = ""] = found;
    const name = written.includes("\\") ? written.replace(ESCAPE, character) : written;
    if (!isSecret(name)) continue;
    const isAmong =
      quote !== "" || AMONG_OTHERS.test(text.slice(Math.max(0, found.index - 2), found.index));
    const { start, end, left } = valueAt(text, found.index + all.length, {
      quote,
      bareEnd: /authorization$/i.test(name) ? LINE_END : isAmong ? MEMBER_END : WORD_END,
    });
    if (end <= start) continue;
    redacted += text.slice(done, start) + left;
    done = end;
  }
  return done === 0 ? text : redacted + text.slice(done);
}

function character(_escape: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/** What precedes a name in a list of several, like `{a=1, b=2}`. */
const AMONG_OTHERS = /[{[(,]\s?$/;
/** Where a value without quotation marks ends: in such a list, in a line of fields, and anywhere else. */
const MEMBER_END = /[\s&"'`,;}\])]/g;
const LINE_END = /[\r\n&"'`]/g;
const WORD_END = /[\s&"'`]|<\//g;
const TRAILING = /[,;.:)\]}>]+$/;

interface Value {
  readonly start: number;
  readonly end: number;
  /** What stands in its place. */
  readonly left: string;
}

interface Around {
  /** The quotation mark after the name, with the backslashes before it; may be empty. */
  readonly quote: string;
  readonly bareEnd: RegExp;
}

const BLANKS = /[ \t]*/y;
const NEXT_LINE = /[ \t]*\r?\n[ \t\r\n]*/y;
/** The first line of a text of several lines in YAML. */
const BLOCK = /[|>][-+\d]{0,2}[ \t]*\r?\n/y;
const INDENTED = /(?:[ \t][^\r\n]*(?:\r\n|\n|\r|$)|\r?\n)*/y;
const OPENING = /(\\*)(["'`])/y;

function valueAt(text: string, from: number, { quote, bareEnd }: Around): Value {
  const blanksEnd = after(BLANKS, text, from);
  const block = after(BLOCK, text, blanksEnd);
  if (block > blanksEnd)
    return bare(text, after(BLANKS, text, block), after(INDENTED, text, block));
  const nextLine = after(NEXT_LINE, text, from);
  const start = nextLine > from ? nextLine : blanksEnd;
  OPENING.lastIndex = start;
  const opening = OPENING.exec(text);
  if (opening !== null) {
    const [mark, backslashes = "", sign = ""] = opening;
    const inside = start + mark.length;
    const end = closingOf(text, inside, sign, backslashes.length);
    return { start: inside, end, left: REDACTED };
  }
  const first = text.charAt(start);
  if (first === "{" || first === "[") {
    return { start, end: endOfGroup(text, start), left: quote + REDACTED + quote };
  }
  // Lines that belong to the name, as in YAML.
  if (nextLine > from && isBlank(text.charAt(start - 1))) {
    return bare(text, start, after(INDENTED, text, start - 1));
  }
  bareEnd.lastIndex = start;
  const end = bareEnd.exec(text)?.index ?? text.length;
  const trailing = TRAILING.exec(text.slice(Math.max(start, end - 8), end))?.[0].length ?? 0;
  return bare(text, start, end - trailing > start ? end - trailing : end);
}

function bare(text: string, start: number, end: number): Value {
  const ending = /\s*$/.exec(text.slice(Math.max(start, end - 2), end))?.[0] ?? "";
  return { start, end: end - ending.length, left: REDACTED };
}

function isBlank(text: string): boolean {
  return text === " " || text === "\t";
}

function after(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

const BACKSLASH = 0x5c;

/**
 * Where a text in quotation marks ends that begins with `depth` backslashes before its mark; the end of the
 * whole text if it has been cut. In a text within texts each mark has a backslash, and each backslash too.
 */
function closingOf(text: string, from: number, mark: string, depth: number): number {
  for (let at = text.indexOf(mark, from); at !== -1; at = text.indexOf(mark, at + 1)) {
    let start = at;
    while (start > from && text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
    const backslashes = at - start;
    // In YAML and SQL, two apostrophes stand for one.
    if (mark === "'" && at > from && text.charAt(at + 1) === mark) {
      at += 1;
      continue;
    }
    if (backslashes < depth) return start;
    if ((backslashes - depth) % (2 * (depth + 1)) === 0) return at - depth;
  }
  return text.length;
}

const GROUPING = /[{}[\]]|(\\*)"/g;

function endOfGroup(text: string, from: number): number {
  let depth = 0;
  GROUPING.lastIndex = from;
  for (let found = GROUPING.exec(text); found !== null; found = GROUPING.exec(text)) {
    const [mark, backslashes] = found;
    if (backslashes !== undefined) {
      const closing = closingOf(text, GROUPING.lastIndex, '"', backslashes.length);
      GROUPING.lastIndex = Math.min(text.length, closing + mark.length);
    } else if (mark === "{" || mark === "[") depth += 1;
    else {
      depth -= 1;
      if (depth === 0) return found.index + 1;
    }
  }
  return text.length;
}
