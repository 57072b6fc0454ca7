/** Something to tell about a place in a configuration file. */
export interface Diagnostic {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** How many characters of the line it is about; at least 1. */
  readonly length: number;
  readonly message: string;
  readonly sourceLine: string;
}

const WIDEST_LINE = 160;
const KEEP_BEFORE = 60;
const RED = "\u001B[31m";
const BOLD = "\u001B[1m";
const RESET = "\u001B[0m";

/**
 * Renders diagnostics for people, in the order of their places:
 *
 *   gateway.yaml:12:14: unknown key `wieght`, did you mean `weight`?
 *     12 |   - { url: http://localhost:9001, wieght: 2 }
 *        |                                   ^^^^^^
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { color: boolean },
): string {
  return [...diagnostics]
    .sort((one, other) => one.line - other.line || one.column - other.column)
    .map((diagnostic) => format(diagnostic, options.color))
    .join("\n");
}

function format(diagnostic: Diagnostic, color: boolean): string {
  const { file, line, column, message } = diagnostic;
  const place = `${file}:${line}:${column}:`;
  const { text, before, marked } = window(diagnostic);
  const margin = String(line);
  const carets = "^".repeat(marked);
  return [
    color ? `${BOLD}${place}${RESET} ${message}` : `${place} ${message}`,
    `  ${margin} | ${text}`,
    `  ${" ".repeat(margin.length)} | ${before}${color ? `${RED}${carets}${RESET}` : carets}`,
  ].join("\n");
}

/** The part of a line that is shown, and the white space that brings the carets below the culprit. */
function window({ sourceLine, column, length }: Diagnostic) {
  const start = column - 1;
  const cut = sourceLine.length > WIDEST_LINE && start > KEEP_BEFORE ? start - KEEP_BEFORE : 0;
  const shown = sourceLine.slice(cut, cut + WIDEST_LINE);
  const lead = cut > 0 ? "…" : "";
  const more = cut + WIDEST_LINE < sourceLine.length ? "…" : "";
  // A tab is as wide as the terminal makes it, so it stays one; wide characters take two columns.
  const before = (lead + shown.slice(0, start - cut)).replace(/[^\t]/gu, (character) =>
    " ".repeat(Bun.stringWidth(character)),
  );
  const visible = shown.slice(start - cut, start - cut + length);
  return { text: lead + shown + more, before, marked: Math.max(1, Bun.stringWidth(visible)) };
}
