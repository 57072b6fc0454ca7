import { PAGE_COLUMNS, type Row } from "../../telemetry/query/row.ts";
import { printable, printableJson } from "../../units/printable.ts";
import { type Arguments, UsageError } from "../command.ts";
import { csvLine } from "../csv.ts";
import { RowTable } from "./columns.ts";

/** Makes the text of rows, the oldest first, which go on where those before ended. */
export type RowWriter = (rows: readonly Row[], width: number | undefined) => string;

/** How rows are written, by the flags. Throws a UsageError for two forms. */
export function rowWriter({ json, csv }: Arguments["flags"], color: boolean): RowWriter {
  if (json !== undefined && csv !== undefined) {
    throw new UsageError("--json and --csv are two forms; which one is meant?");
  }
  if (json !== undefined) return (rows) => rows.map((row) => `${printableJson(row)}\n`).join("");
  if (csv === undefined) {
    const table = new RowTable(color);
    return (rows, width) => (rows.length === 0 ? "" : table.lines(rows, width));
  }
  let hasHeading = false;
  return (rows) => {
    const heading = hasHeading ? "" : csvLine(PAGE_COLUMNS);
    hasHeading = true;
    return (
      heading + rows.map((row) => csvLine(PAGE_COLUMNS.map((name) => cellOf(row, name)))).join("")
    );
  };
}

function cellOf(row: Row, name: string): string | number | null {
  const value = row[name] ?? null;
  return typeof value === "string" ? printable(value) : value;
}
