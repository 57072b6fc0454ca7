import { KEPT_COLUMNS, type Row } from "../../telemetry/query/row.ts";
import { printable, printableJson } from "../../units/printable.ts";
import { contentLines, linesOf } from "./content-lines.ts";
import { decisionLines } from "./decision-lines.ts";

interface Form {
  readonly isJson: boolean;
  /** Places of a line of the terminal; undefined elsewhere. */
  readonly width: number | undefined;
}

/** A row as the log has it, or as the admin API tells it, where some JSON has been read. */
export type ShownRow = Readonly<Record<string, unknown>>;

const COLUMN = 18;

/** Everything of one exchange, for people or as JSON. */
export function exchangeText(row: Row, { isJson, width }: Form): string {
  if (!isJson)
    return exchangeLines(row, width)
      .map((line) => `${line}\n`)
      .join("");
  const kept = [...KEPT_COLUMNS].flatMap((name) => {
    const value = row[name];
    return typeof value === "string" ? [[name, parsed(value)] as const] : [];
  });
  return `${printableJson({ ...row, ...Object.fromEntries(kept) })}\n`;
}

/** Everything of one exchange, for people: its columns, its decisions, its fields and its contents. */
export function exchangeLines(row: ShownRow, width?: number): string[] {
  const columns = Object.entries(row).filter(
    ([name, value]) => !KEPT_COLUMNS.has(name) && value !== null && value !== "",
  );
  const sections = [
    columns.map(([name, value]) => `${name.padEnd(COLUMN)}${valueText(value)}`),
    titled("decisions", decisionLines(parsed(row["decisions"]), width)),
    titled("request fields", fieldLines(parsed(row["request_fields"]))),
    titled("response fields", fieldLines(parsed(row["response_fields"]))),
    titled("request content", contentLines(row["request_body"])),
    titled("response content", contentLines(row["response_body"])),
  ].filter((lines) => lines.length > 0);
  return sections.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines]));
}

const valueText = (value: unknown): string =>
  typeof value === "string" ? printable(value) : printableJson(value);

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];

/** What stands in a column as JSON, or its text if that is none. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
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
