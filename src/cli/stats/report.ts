import type { Group, Statistics } from "../../telemetry/query/statistics/statistics.ts";
import { printable } from "../../units/printable.ts";
import { csvLine } from "../csv.ts";
import { type Paint, table, type TableColumn } from "../table.ts";
import { bytesText, countText, latencyText, percentText, sparkline } from "./numbers.ts";

interface Layout {
  /** Places of a line; undefined where it is no terminal. */
  readonly width: number | undefined;
  readonly color: boolean;
}

/** A column of the table, and its cell for a group. */
interface Column extends TableColumn {
  readonly cell: (group: Group) => string;
  readonly isShown?: (groups: readonly Group[]) => boolean;
}

const number = (heading: string, priority: number | undefined, cell: Column["cell"]): Column => ({
  heading,
  align: "right",
  ...(priority === undefined ? {} : { priority }),
  cell,
});

const hasTokens = (groups: readonly Group[]): boolean =>
  groups.some(({ tokens_in: tokensIn, tokens_out: tokensOut }) => tokensIn + tokensOut > 0);

const LEAST_VALUE = 20;
const BARS = 20;

const columnsOf = ({ by }: Statistics): Column[] => [
  {
    heading: by.toUpperCase().replace("_", " "),
    shrinksTo: LEAST_VALUE,
    cut: "middle",
    cell: ({ value }) => printable(value),
  },
  number("REQUESTS", undefined, ({ requests }) => countText(requests)),
  { heading: "OVER TIME", priority: 4, cell: ({ series }) => sparkline(series, BARS) },
  number("ERRORS", 9, ({ error_rate: rate }) => percentText(rate)),
  number("P50", 6, ({ p50_ms: latency }) => latencyText(latency)),
  number("P90", 3, ({ p90_ms: latency }) => latencyText(latency)),
  number("P99", 8, ({ p99_ms: latency }) => latencyText(latency)),
  number("IN", 1, ({ bytes_in: bytes }) => bytesText(bytes)),
  number("OUT", 2, ({ bytes_out: bytes }) => bytesText(bytes)),
  {
    ...number("TOKENS IN", 7, ({ tokens_in: tokens }) => countText(tokens)),
    isShown: hasTokens,
  },
  {
    ...number("TOKENS OUT", 7, ({ tokens_out: tokens }) => countText(tokens)),
    isShown: hasTokens,
  },
];

/** Statistics for people: the window, what there was in all, and a line for each group. */
export function reportOf(statistics: Statistics, { width, color }: Layout): string {
  const { groups, totals } = statistics;
  const columns = columnsOf(statistics).filter(({ isShown }) => isShown?.(groups) ?? true);
  const rows = groups.map((group) => columns.map(({ cell }) => cell(group)));
  const errors = columns.findIndex(({ heading }) => heading === "ERRORS");
  const paint: Paint | undefined = color
    ? (cell, column) => (column === errors ? painted(cell) : cell)
    : undefined;
  const summary = [
    countText(totals.requests) + (totals.requests === 1 ? " request" : " requests"),
    `${percentText(totals.error_rate)} errors`,
    `p50 ${latencyText(totals.p50_ms)}`,
    `p99 ${latencyText(totals.p99_ms)}`,
  ];
  return `${windowText(statistics)}\n${summary.join(", ")}\n\n${table(columns, rows, width, paint)}`;
}

/** "2026-11-26 14:05 to 15:05 UTC" */
export function windowText({ from, to }: { readonly from: string; readonly to: string }): string {
  const [start, end] = [from, to].map((time) => time.slice(0, 16).replace("T", " "));
  const isSameDay = from.slice(0, 10) === to.slice(0, 10);
  return `${start} to ${isSameDay ? end?.slice(11) : end} UTC`;
}

const YELLOW = "\x1b[33m";
const RED = "\x1b[31m";
const PLAIN = "\x1b[39m";

/** From 1 % in yellow, from 5 % in red. */
function painted(cell: string): string {
  const percent = Number.parseFloat(cell);
  if (!(percent >= 1)) return cell;
  return `${percent >= 5 ? RED : YELLOW}${cell}${PLAIN}`;
}

/** Statistics as comma-separated values, with the names of the columns first. */
export function csvOf({ by, groups }: Statistics): string {
  const names = [
    "requests",
    "errors",
    "error_rate",
    "p50_ms",
    "p90_ms",
    "p99_ms",
    "bytes_in",
    "bytes_out",
    "tokens_in",
    "tokens_out",
  ] as const;
  const lines = groups.map((group) => csvLine([group.value, ...names.map((name) => group[name])]));
  return csvLine([by, ...names]) + lines.join("");
}
