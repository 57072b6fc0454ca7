import type { Row } from "../../telemetry/query/row.ts";
import { printable } from "../../units/printable.ts";
import { latencyText } from "../stats/numbers.ts";
import { type Paint, type TableColumn, tableLayout, tableLine } from "../table.ts";

interface RowColumn extends TableColumn {
  readonly cell: (row: Row) => string;
}

const text =
  (column: string) =>
  (row: Row): string => {
    const value = row[column];
    return value === null || value === undefined ? "" : printable(String(value));
  };

/** Where there are at least so many places, times have their day. */
const WIDE = 100;

const COLUMNS: readonly RowColumn[] = [
  { heading: "ID", align: "right", priority: 6, cell: text("id") },
  { heading: "STATUS", align: "right", cell: text("status_code") },
  {
    heading: "TOOK",
    align: "right",
    priority: 10,
    cell: ({ latency_ms: latency }) => latencyText(typeof latency === "number" ? latency : null),
  },
  { heading: "METHOD", priority: 9, shrinksTo: 7, cell: text("method") },
  { heading: "PATH", shrinksTo: 16, cut: "middle", cell: text("path") },
  { heading: "ERROR", priority: 8, shrinksTo: 12, cell: text("error_code") },
  { heading: "CLIENT", priority: 5, shrinksTo: 15, cell: text("client_ip") },
  { heading: "ROUTE", priority: 4, shrinksTo: 10, cut: "middle", cell: text("route") },
  { heading: "BACKEND", priority: 3, shrinksTo: 14, cut: "middle", cell: text("backend") },
  { heading: "SUBJECT", priority: 2, shrinksTo: 8, cell: text("subject") },
  { heading: "HOST", priority: 1, shrinksTo: 10, cell: text("host") },
];

const STATUS = 2;

/** Rows as a table that grows at its end, as wide as the terminal, or as its cells where it is none. */
export class RowTable {
  readonly #color: boolean;
  #widest: string[] = [];
  #heading = "";

  constructor(color: boolean) {
    this.#color = color;
  }

  /** The lines of further rows, after the headings if these are new or stand elsewhere now. */
  lines(rows: readonly Row[], width: number | undefined): string {
    const columns: readonly RowColumn[] = [timeColumn(width), ...COLUMNS];
    const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
    const all = [...cells, this.#widest];
    this.#widest = columns.map((_, at) => longest(all.map((one) => one[at] ?? "")));
    // Columns without a value are not worth their room.
    const shown = columns.map((column, at) =>
      this.#widest[at] === "" ? { ...column, heading: "" } : column,
    );
    const layout = tableLayout(shown, [this.#widest], width);
    const used = { ...layout, shown: layout.shown.filter((one) => one.width > 0) };
    const heading = tableLine(
      used,
      shown.map((column) => column.heading),
    );
    const isNew = heading !== this.#heading;
    this.#heading = heading;
    const paint = this.#color ? paintStatus : undefined;
    const lines = cells.map((one) => tableLine(used, one, paint));
    return [...(isNew ? [heading] : []), ...lines].map((line) => `${line}\n`).join("");
  }
}

function timeColumn(width: number | undefined): RowColumn {
  const cell =
    width === undefined || width >= WIDE
      ? text("timestamp")
      : (row: Row) => text("timestamp")(row).slice(11, 19);
  return { heading: "TIME", cell };
}

const longest = (texts: readonly string[]): string =>
  texts.reduce((most, one) => (one.length > most.length ? one : most), "");

const PLAIN = "\u001b[39m";
const COLORS: Readonly<Record<string, string>> = {
  "2": "\u001b[32m",
  "3": "\u001b[36m",
  "4": "\u001b[33m",
  "5": "\u001b[31m",
};

const paintStatus: Paint = (cell, column) => {
  const color = COLORS[cell[0] ?? ""];
  return column === STATUS && color !== undefined ? `${color}${cell}${PLAIN}` : cell;
};
