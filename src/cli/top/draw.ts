import { bytesText, latencyText, percentText, sparkline } from "../stats/numbers.ts";
import { shortened, type TableColumn, tableLayout, tableLine, widthOf } from "../table.ts";
import { rateText } from "./columns.ts";
import { COLUMNS, type Top, type View, VIEWS } from "./model.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How texts are marked where colours are allowed. */
const MARKS = { bold: 1, dim: 2, inverse: 7, red: 31, yellow: 33, green: 32 } as const;

/** Lines besides those of the view: two of totals, a blank one, headings, and the keys. */
const OTHER_LINES = 6;

/** How many lines of a view fit. */
export function pageOf({ height }: Size): number {
  return Math.max(1, height - OTHER_LINES);
}

/** The whole screen, one text per line, none longer than the screen is wide. */
export function drawn(top: Top, size: Size, title: string, color: boolean): string[] {
  const paint = (text: string, mark: keyof typeof MARKS): string =>
    color && text !== "" ? `\x1b[${MARKS[mark]}m${text}\x1b[0m` : text;
  const { width, height } = size;
  const page = pageOf(size);
  const lines = [
    paint(headingOf(top, width, title), "bold"),
    totalsOf(top, width),
    tabsOf(top, width, paint),
    ...bodyOf(top, width, page, paint),
  ];
  while (lines.length < height - 1) lines.push("");
  return [...lines.slice(0, height - 1), paint(footOf(top, width), "dim")];
}

type PaintText = (text: string, mark: keyof typeof MARKS) => string;

function headingOf({ last, away, isPaused }: Top, width: number, title: string): string {
  const time = last === undefined ? "" : `${last.at.slice(0, 19).replace("T", " ")} UTC`;
  const state = away !== undefined ? `no data: ${away}` : isPaused ? "paused" : time;
  const left = shortened(title, Math.max(0, width - widthOf(state) - 2));
  return `${left}${" ".repeat(Math.max(1, width - widthOf(left) - widthOf(state)))}${shortened(state, width - 1)}`;
}

function totalsOf({ totals, last }: Top, width: number): string {
  const parts = [
    `${rateText(totals.perSecond)} req/s`,
    `errors ${percentText(totals.errorRate)}`,
    `p50 ${latencyText(totals.p50)}`,
    `p99 ${latencyText(totals.p99)}`,
    `open ${totals.inFlight ?? 0}`,
    `out ${bytesText(last?.bytes_out ?? 0)}/s`,
  ];
  let text = parts.join("  ");
  while (widthOf(text) > width && parts.length > 1) {
    parts.pop();
    text = parts.join("  ");
  }
  const room = width - widthOf(text) - 2;
  return room < 8 ? text : `${text}  ${sparkline(totals.series.slice(-room), room)}`;
}

function tabsOf(top: Top, width: number, paint: PaintText): string {
  const tabs = VIEWS.map((view, at) => {
    const text = `${at + 1} ${view}`;
    return view === top.view ? paint(`[${text}]`, "inverse") : ` ${text} `;
  });
  const plain = VIEWS.reduce((sum, view) => sum + view.length + 5, 0);
  if (plain > width) return shortened(`[${top.view}] ${top.filter}`, width);
  const filter = top.filter === "" ? "" : `filter: ${top.filter}`;
  const skipped = top.view === "requests" && top.skipped > 0 ? `${top.skipped} more not shown` : "";
  const rest = [filter, skipped].filter((text) => text !== "").join("  ");
  return `${tabs.join(" ")} ${shortened(rest, Math.max(0, width - plain))}`;
}

function bodyOf(top: Top, width: number, page: number, paint: PaintText): string[] {
  if (top.isHelpShown) return ["", ...HELP.map((line) => shortened(line, width))];
  if (top.opened !== undefined) {
    const { lines, first } = top.opened;
    return ["", ...lines.slice(first, first + page).map((line) => shortened(line, width))];
  }
  const columns: readonly ViewColumn[] = COLUMNS[top.view] as never;
  const lines: readonly unknown[] = top.lines;
  if (lines.length === 0) return ["", shortened(emptyText(top), width)];
  top.chosen = Math.min(top.chosen, lines.length - 1);
  const first = Math.max(0, Math.min(top.chosen - page + 1, lines.length - page));
  const shown = lines.slice(first, first + page);
  const rows = shown.map((line) => columns.map(({ cell }) => cell(line)));
  const headed = columns.map((column, at) =>
    at === top.order.column ? { ...column, heading: marked(column, top.order.isUp) } : column,
  );
  const layout = tableLayout(headed, rows, width - MARKER.length);
  const headings = headed.map(({ heading }) => heading);
  return [
    paint(`${NO_MARKER}${tableLine(layout, headings)}`, "dim"),
    ...rows.map((row, at) => {
      const line = tableLine(layout, row, (cell, column) =>
        painted(cell, columns[column]?.heading ?? "", paint),
      );
      return first + at === top.chosen ? paint(MARKER, "bold") + line : NO_MARKER + line;
    }),
  ];
}

interface ViewColumn extends TableColumn {
  readonly cell: (line: unknown) => string;
}

const MARKER = "> ";
const NO_MARKER = "  ";

/** The heading by which lines are ordered; as wide as before where there is a blank. */
function marked({ heading, align }: TableColumn, isUp: boolean): string {
  const sign = isUp ? "↑" : "↓";
  if (align === "right") return `${heading.replace(/^ /, "")}${sign}`;
  return `${heading.trimEnd()}${sign}`.padEnd(heading.length);
}

function painted(cell: string, heading: string, paint: PaintText): string {
  const column = heading.trim();
  if (column === "STATUS") {
    const status = Number(cell);
    return status >= 500 ? paint(cell, "red") : status >= 400 ? paint(cell, "yellow") : cell;
  }
  if (column === "ERRORS") {
    const percent = Number.parseFloat(cell);
    return percent >= 5 ? paint(cell, "red") : percent >= 1 ? paint(cell, "yellow") : cell;
  }
  if (column !== "STATE") return cell;
  return cell === "up" ? paint(cell, "green") : paint(cell, cell === "down" ? "red" : "yellow");
}

function footOf({ typing, message, opened, view }: Top, width: number): string {
  if (typing !== undefined) {
    const problem = message === "" ? "" : `   (${message})`;
    return shortened(`filter: ${typing}_${problem}`, width);
  }
  if (message !== "") return shortened(message, width);
  if (opened !== undefined) return shortened("Esc back   ↑↓ scroll", width);
  const open = view === "requests" ? "Enter all of it" : "Enter its requests";
  return shortened(`q quit  Tab view  s order  / filter  ${open}  p pause  ? help`, width);
}

function emptyText({ view, filter }: Top): string {
  const isNamed = view !== "requests" && filter !== "";
  return isNamed ? `No ${view} with "${filter}" in the name; Esc shows all.` : EMPTY[view];
}

const EMPTY: Readonly<Record<View, string>> = {
  routes: "No requests in the last two minutes.",
  backends: "No backends.",
  requests:
    "No requests yet. Those that end from now on are shown, as far as the filter lets them.",
};

const HELP: readonly string[] = [
  "1 2 3, Tab    routes, backends, requests",
  "↑ ↓ j k       choose a line; PgUp, PgDn, Home and End move further",
  "Enter         of a route or a backend its requests; of a request everything",
  "Esc           back; without the filter",
  "/             filter: part of a name; of requests as in `gateway logs`:",
  "              status:5xx path:/api/* duration:>200ms client:10.0.0.1",
  "s, S          order by the next column; turn the order round",
  "p, Space      hold everything still, and go on",
  "q, Ctrl-C     quit",
  "",
  "Rates and latencies are means of the last five seconds, bars of the last two minutes.",
  "",
  "Any key closes this.",
];
