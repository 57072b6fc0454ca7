import { UNPRINTABLE } from "../../units/printable.ts";

export interface Diagnostic {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in characters (code points). */
  readonly column: number;
  /** How many characters of the line are marked; at least 1. */
  readonly length: number;
  readonly message: string;
  /** The whole line, without its line break. */
  readonly sourceLine: string;
  readonly severity: "error" | "warning";
  /** What stands in place of the severity. */
  readonly label?: string;
  /** What to do about it, in a line of its own. */
  readonly remedy?: string;
}

const GUTTER = 5;
const LONGEST_LINE = 120;
const SHOWN_BEFORE_MARK = 50;
const CUT = "…";

// Tabs stay: the marks below a line follow them.
const UNPRINTABLES = new RegExp(`(?!\\t)[${UNPRINTABLE}]`, "gu");
const REPLACEMENT = "\uFFFD";

/**
 * Writes diagnostics in the order of their positions, each with its line and the place marked:
 *
 *     config/gateway.yaml:12:45: error: unknown key `wieght`, did you mean `weight`?
 *        12 |       - { url: "http://localhost:9001", wieght: 2 }
 *           |                                         ^^^^^^
 *
 * Without a line break at the end.
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { readonly color: boolean },
): string {
  const paint = options.color ? ansi : (_style: Style, text: string) => text;
  return diagnostics
    .toSorted((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column)
    .map((diagnostic) => format(diagnostic, paint))
    .join("\n");
}

/** A diagnostic in one line, without the text it is about: "gateway.yaml:12:45: unknown key `wieght`". */
export function diagnosticLine({ file, line, column, message }: Diagnostic): string {
  return printable(`${file}:${line}:${column}: ${message}`);
}

/** An anchored node is read once per alias, but its errors are reported once. */
export function eachOnce(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const unique = new Map(
    diagnostics.map((one) => [`${one.line}:${one.column} ${one.message}`, one]),
  );
  return [...unique.values()];
}

type Style = keyof typeof STYLES;
type Paint = (style: Style, text: string) => string;

const STYLES = {
  place: "1",
  error: "1;31",
  warning: "1;35",
  gutter: "2",
} as const;

function ansi(style: Style, text: string): string {
  return `\u001B[${STYLES[style]}m${text}\u001B[0m`;
}

function format(diagnostic: Diagnostic, paint: Paint): string {
  const { file, line, column, message, severity } = diagnostic;
  const place = paint("place", printable(`${file}:${line}:${column}:`));
  const { label = severity, remedy } = diagnostic;
  const heading = `${place} ${paint(severity, `${label}:`)} ${printable(message)}`;
  const blank = paint("gutter", `${" ".repeat(GUTTER)} |`);
  const after = remedy === undefined ? [] : [`${blank} remedy: ${printable(remedy)}`];
  if (diagnostic.sourceLine.trim() === "") return [heading, ...after].join("\n");

  const { before, marked, rest } = cutAround(diagnostic);
  const numbered = paint("gutter", `${String(line).padStart(GUTTER)} |`);
  const carets = "^".repeat(Math.max(1, Bun.stringWidth(marked)));
  return [
    heading,
    `${numbered} ${before}${marked}${rest}`,
    `${blank} ${asBlanks(before)}${paint(severity, carets)}`,
    ...after,
  ].join("\n");
}

/** The line in three parts; a long one is shortened to fit with the mark. */
function cutAround({ sourceLine, column, length }: Diagnostic) {
  const characters = Array.from(printable(sourceLine));
  const mark = column - 1;
  let from = 0;
  let to = characters.length;
  if (to > LONGEST_LINE) {
    from = Math.max(0, Math.min(mark - SHOWN_BEFORE_MARK, to - LONGEST_LINE));
    to = from + LONGEST_LINE;
  }
  const markEnd = Math.min(mark + length, to);
  return {
    before: (from > 0 ? CUT : "") + characters.slice(from, mark).join(""),
    marked: characters.slice(mark, markEnd).join(""),
    rest: characters.slice(markEnd, to).join("") + (to < characters.length ? CUT : ""),
  };
}

/** Blanks as wide as the text; its tabs stay, because their displayed width is unknown. */
function asBlanks(text: string): string {
  return text
    .split("\t")
    .map((part) => " ".repeat(Bun.stringWidth(part)))
    .join("\t");
}

function printable(text: string): string {
  return text.replace(UNPRINTABLES, REPLACEMENT);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
