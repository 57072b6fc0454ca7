import { KEPT_COLUMNS, type Row } from "../../telemetry/query/row.ts";
import { printable, printableJson } from "../../units/printable.ts";
import { decisionLines } from "./decision-lines.ts";

interface Form {
  readonly isJson: boolean;
  /** Places of a line of the terminal; undefined elsewhere. */
  readonly width: number | undefined;
}

const COLUMN = 18;

/** Everything of one exchange, for people or as JSON. */
export function exchangeText(row: Row, { isJson, width }: Form): string {
  const kept = new Map(
    [...KEPT_COLUMNS].flatMap((name) => {
      const value = row[name];
      return typeof value === "string" ? [[name, parsed(value)] as const] : [];
    }),
  );
  if (isJson) return `${printableJson({ ...row, ...Object.fromEntries(kept) })}\n`;
  const columns = Object.entries(row).filter(
    ([name, value]) => !KEPT_COLUMNS.has(name) && value !== null && value !== "",
  );
  const sections = [
    columns.map(([name, value]) => `${name.padEnd(COLUMN)}${printable(String(value))}`),
    titled("decisions", decisionLines(kept.get("decisions"), width)),
    titled("request fields", fieldLines(kept.get("request_fields"))),
    titled("response fields", fieldLines(kept.get("response_fields"))),
    titled("request content", contentLines(kept.get("request_body"))),
    titled("response content", contentLines(kept.get("response_body"))),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(""))
    .join("\n");
}

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];

/** What stands in a column as JSON, or its text if that is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Fields are pairs of names and values; the last name may be empty and says how many are missing. */
function fieldLines(fields: unknown): string[] {
  if (!Array.isArray(fields)) return linesOf(fields);
  return fields.map((field: unknown) => {
    if (!Array.isArray(field)) return printableJson(field);
    const [name, value] = field.map((part) => printable(String(part)));
    return name === "" ? `(${value})` : `${name}: ${value}`;
  });
}

/** A content is its beginning with what is known of it. */
function contentLines(content: unknown): string[] {
  if (typeof content !== "object" || content === null) return linesOf(content);
  const { text, ...known } = content as Readonly<Record<string, unknown>>;
  const about = Object.entries(known).map(([name, value]) => `${name} ${printable(String(value))}`);
  return [...(about.length > 0 ? [`(${about.join(", ")})`] : []), ...linesOf(text)];
}

/** Each line on its own; other control characters are escaped. */
function linesOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return text.split(/\r?\n/).map(printable);
}
