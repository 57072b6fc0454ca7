import { latencyText, percentText, sparkline } from "../stats/numbers.ts";
import type { TableColumn } from "../table.ts";
import { printable } from "../../units/printable.ts";
import type { Rates } from "./groups.ts";

/** A row of the API: columns of the log by their names. */
export type LogRow = Readonly<Record<string, string | number | null>>;

/** What the API tells of a backend. */
export interface BackendState {
  readonly url: string;
  readonly route: string;
  readonly upstream: string;
  readonly healthy: boolean;
  readonly drained?: boolean;
  readonly ejected_until: string | null;
  readonly circuit_breaker: string | null;
  readonly in_flight: number;
}

/** A route or a backend with what it does. */
export interface GroupLine {
  readonly name: string;
  readonly rates: Rates;
  /** Of a backend: "up", "down", "ejected"; empty for a route. */
  readonly state: string;
}

/** A column of a view: its cell, and what lines are ordered by. */
export interface Column<Line> extends TableColumn {
  readonly cell: (line: Line) => string;
  /** Absent if lines are not ordered by it. */
  readonly order?: (line: Line) => number | string;
}

const NARROW_NAME = 22;
const BARS = 24;
const NUMBER = 7;

const number = <Line>(
  heading: string,
  priority: number,
  cell: (line: Line) => string,
  order: (line: Line) => number,
): Column<Line> => ({
  // As wide as most numbers, so that the table does not jump.
  heading: heading.padStart(NUMBER),
  align: "right",
  priority,
  cell,
  order,
});

const groupColumns: readonly Column<GroupLine>[] = [
  number<GroupLine>(
    "REQ/S",
    10,
    ({ rates }) => rateText(rates.perSecond),
    ({ rates }) => rates.perSecond,
  ),
  number<GroupLine>(
    "ERRORS",
    9,
    ({ rates }) => percentText(rates.errorRate),
    ({ rates }) => rates.errorRate,
  ),
  number<GroupLine>(
    "P50",
    5,
    ({ rates }) => latencyText(rates.p50),
    ({ rates }) => rates.p50 ?? -1,
  ),
  number<GroupLine>(
    "P99",
    8,
    ({ rates }) => latencyText(rates.p99),
    ({ rates }) => rates.p99 ?? -1,
  ),
  number<GroupLine>(
    "OPEN",
    4,
    ({ rates }) => (rates.inFlight === null ? "-" : String(rates.inFlight)),
    ({ rates }) => rates.inFlight ?? -1,
  ),
];

const named = (heading: string): Column<GroupLine> => ({
  heading,
  shrinksTo: NARROW_NAME,
  cut: "middle",
  cell: ({ name }) => printable(name),
  order: ({ name }) => name,
});

const overTime: Column<GroupLine> = {
  heading: "LAST TWO MINUTES".padEnd(BARS),
  priority: 3,
  cell: ({ rates }) => sparkline(rates.series, BARS),
};

export const routeColumns: readonly Column<GroupLine>[] = [
  named("ROUTE"),
  // What is open is known of backends alone.
  ...groupColumns.filter(({ heading }) => heading.trim() !== "OPEN"),
  overTime,
];

export const backendColumns: readonly Column<GroupLine>[] = [
  named("BACKEND"),
  { heading: "STATE    ", priority: 11, cell: ({ state }) => state, order: ({ state }) => state },
  ...groupColumns,
  overTime,
];

const text = (
  heading: string,
  column: string,
  how: Pick<TableColumn, "priority" | "shrinksTo" | "cut">,
): Column<LogRow> => ({ heading, ...how, cell: (row) => textIn(row, column) });

export const requestColumns: readonly Column<LogRow>[] = [
  {
    heading: "TIME    ",
    priority: 7,
    cell: (row) => textIn(row, "timestamp").slice(11, 19),
    order: (row) => textIn(row, "timestamp"),
  },
  text("METHOD", "method", { priority: 9 }),
  { ...text("PATH", "path", { shrinksTo: 16, cut: "middle" }) },
  number(
    "STATUS",
    11,
    (row) => textIn(row, "status_code"),
    (row) => numberIn(row, "status_code"),
  ),
  number(
    "TIME",
    10,
    (row) => latencyText(numberIn(row, "latency_ms")),
    (row) => numberIn(row, "latency_ms"),
  ),
  text("ERROR", "error_code", { priority: 8, shrinksTo: 10 }),
  text("CLIENT", "client_ip", { priority: 6 }),
  text("SUBJECT", "subject", { priority: 3, shrinksTo: 8 }),
  text("ROUTE", "route", { priority: 4, shrinksTo: 12, cut: "middle" }),
  text("BACKEND", "backend", { priority: 5, shrinksTo: 14, cut: "middle" }),
];

function textIn(row: LogRow, column: string): string {
  return printable(String(row[column] ?? ""));
}

function numberIn(row: LogRow, column: string): number {
  const value = row[column];
  return typeof value === "number" ? value : 0;
}

/** "0.2", "12", "1,234" a second. */
export function rateText(perSecond: number): string {
  if (perSecond > 0 && perSecond < 9.95) return perSecond.toFixed(1);
  return Math.round(perSecond).toLocaleString("en-US");
}

/** One word for how a backend is. */
export function stateOf({
  healthy,
  drained,
  ejected_until,
  circuit_breaker,
}: BackendState): string {
  if (drained === true) return "drained";
  if (!healthy) return "down";
  if (ejected_until !== null) return "ejected";
  return circuit_breaker === null || circuit_breaker === "closed"
    ? "up"
    : `breaker ${circuit_breaker}`;
}
