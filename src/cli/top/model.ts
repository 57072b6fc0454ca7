import { FilterError, isFilterName, parseFilters } from "../../telemetry/query/filters.ts";
import {
  backendColumns,
  type BackendState,
  type Column,
  type GroupLine,
  type LogRow,
  requestColumns,
  routeColumns,
  stateOf,
} from "./columns.ts";
import { type GroupOfSecond, type Rates, Window, Windows } from "./groups.ts";
import type { Key } from "./keys.ts";

/** The API's event `second`, as far as it is shown. */
export interface LiveSecond extends GroupOfSecond {
  readonly at: string;
  readonly seconds?: number;
  readonly p90_ms: number | null;
  readonly in_flight: number;
  readonly bytes_out: number;
  readonly routes: readonly (GroupOfSecond & { readonly id: string })[];
  readonly backends: readonly (GroupOfSecond & { readonly url: string })[];
}

export const VIEWS = ["routes", "backends", "requests"] as const;
export type View = (typeof VIEWS)[number];

/** Rows that are kept. */
const MOST_ROWS = 500;

/** What keys ask of the world outside. */
export interface Wishes {
  quit(): void;
  /** The rows that are wanted from now on: filters by name; undefined for none. */
  rows(filters: Readonly<Record<string, string>> | undefined): void;
  /** Everything of one exchange is to be shown, of which this is known. */
  open(row: LogRow): void;
}

/** What is on the screen, and what keys do to it. It draws nothing and knows no terminal. */
export class Top {
  view: View = "routes";
  /** Why nothing arrives at the moment; undefined while it does. */
  away: string | undefined = "connecting";
  isPaused = false;
  isHelpShown = false;
  /** Lines of one exchange that is open, and the first that is shown. */
  opened: { readonly lines: readonly string[]; first: number } | undefined;
  /** What is being typed as a filter. */
  typing: string | undefined;
  /** Why a filter cannot be, or what else to say. */
  message = "";
  last: LiveSecond | undefined;
  skipped = 0;
  /** The line that is chosen, among those shown. */
  chosen = 0;
  readonly #wishes: Wishes;
  readonly #all = new Window();
  readonly #routes = new Windows();
  readonly #backends = new Windows();
  readonly #filters: Record<View, string> = { routes: "", backends: "", requests: "" };
  readonly #orders: Record<View, { column: number; isUp: boolean }> = {
    routes: { column: 1, isUp: false },
    backends: { column: 2, isUp: false },
    requests: { column: 0, isUp: false },
  };
  #rows: LogRow[] = [];
  #states: readonly BackendState[] = [];

  constructor(wishes: Wishes) {
    this.#wishes = wishes;
  }

  /** A second has passed. While it is paused, nothing changes. */
  second(second: LiveSecond): void {
    this.away = undefined;
    if (this.isPaused) return;
    this.last = second;
    this.#all.add(second);
    this.#routes.add(second.routes.map((route) => [route.id, route] as const));
    this.#backends.add(second.backends.map((backend) => [backend.url, backend] as const));
  }

  rows(rows: readonly LogRow[], skipped: number): void {
    if (this.isPaused) return;
    this.#rows = [...rows.toReversed(), ...this.#rows].slice(0, MOST_ROWS);
    this.skipped += skipped;
  }

  backends(states: readonly BackendState[]): void {
    this.#states = states;
  }

  show(lines: readonly string[]): void {
    this.opened = { lines, first: 0 };
  }

  get filter(): string {
    return this.#filters[this.view];
  }

  get totals(): Rates {
    return this.#all.rates();
  }

  /** The column by which the view is ordered, and whether the least comes first. */
  get order(): { readonly column: number; readonly isUp: boolean } {
    return this.#orders[this.view];
  }

  get routeLines(): GroupLine[] {
    const lines = [...this.#routes.rates()].map(([name, rates]) => ({ name, rates, state: "" }));
    return this.#arranged(lines, routeColumns, ({ name }) => name);
  }

  get backendLines(): GroupLine[] {
    const rates = this.#backends.rates();
    const states = new Map(this.#states.map((state) => [state.url, state]));
    const names = new Set([...states.keys(), ...rates.keys()]);
    const lines = [...names].map((name) => {
      const state = states.get(name);
      const known = rates.get(name) ?? IDLE;
      return {
        name,
        rates: { ...known, inFlight: state?.in_flight ?? known.inFlight },
        state: state === undefined ? "" : stateOf(state),
      };
    });
    return this.#arranged(lines, backendColumns, ({ name }) => name);
  }

  get requestLines(): LogRow[] {
    // The filters are the gateway's.
    return this.#arranged(this.#rows, requestColumns, () => "", "");
  }

  /** A key has been pressed. `page` is the number of lines that fit. */
  press(key: Key, page: number): void {
    if (key === "interrupt") this.#wishes.quit();
    else if (this.typing !== undefined) this.#type(key, this.typing);
    else if (this.isHelpShown) this.isHelpShown = false;
    else if (this.opened !== undefined) this.#read(key, this.opened, page);
    else this.#command(key, page);
  }

  #command(key: Key, page: number): void {
    this.message = "";
    switch (key) {
      case "q":
        this.#wishes.quit();
        break;
      case "?":
      case "h":
        this.isHelpShown = true;
        break;
      case "p":
      case " ":
        this.isPaused = !this.isPaused;
        break;
      case "/":
        this.typing = this.filter;
        break;
      case "s":
        this.#orderByNext(1);
        break;
      case "S":
        this.#orders[this.view] = { ...this.order, isUp: !this.order.isUp };
        break;
      case "tab":
        this.#turnTo(VIEWS[(VIEWS.indexOf(this.view) + 1) % VIEWS.length]);
        break;
      case "back tab":
        this.#turnTo(VIEWS.at(VIEWS.indexOf(this.view) - 1));
        break;
      case "enter":
        this.#open();
        break;
      case "escape":
        this.#filterBy("");
        break;
      default:
        if (/^[1-3]$/.test(key)) this.#turnTo(VIEWS[Number(key) - 1]);
        else this.chosen = moved(this.chosen, key, page, this.lines.length);
    }
  }

  /** The lines of the view. */
  get lines(): readonly (GroupLine | LogRow)[] {
    if (this.view === "routes") return this.routeLines;
    return this.view === "backends" ? this.backendLines : this.requestLines;
  }

  #read(
    key: Key,
    opened: { readonly lines: readonly string[]; first: number },
    page: number,
  ): void {
    if (key === "escape" || key === "q" || key === "enter") this.opened = undefined;
    else {
      const most = Math.max(1, opened.lines.length - page + 1);
      opened.first = moved(opened.first, key, page, most);
    }
  }

  #type(key: Key, typed: string): void {
    // It is about what was typed before.
    this.message = "";
    if (key === "escape") this.typing = undefined;
    else if (key === "enter") this.#filterBy(typed.trim());
    else if (key === "backspace") this.typing = Array.from(typed).slice(0, -1).join("");
    else if (key === "clear line") this.typing = "";
    else if (Array.from(key).length === 1) this.typing = typed + key;
  }

  #filterBy(filter: string): void {
    const before = this.filter;
    this.#filters[this.view] = filter;
    if (this.view === "requests" && filter !== before) {
      try {
        this.#wishRows();
        this.#rows = [];
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        this.#filters.requests = before;
        this.message = error.message;
        return; // It is typed on.
      }
    }
    this.typing = undefined;
    this.chosen = 0;
  }

  #turnTo(view: View | undefined): void {
    if (view === undefined || view === this.view) return;
    const before = this.view;
    this.view = view;
    this.chosen = 0;
    if (view === "requests") this.#wishRows();
    else if (before === "requests") this.#wishes.rows(undefined);
  }

  #wishRows(): void {
    this.skipped = 0;
    this.#wishes.rows(filtersIn(this.#filters.requests));
  }

  /** Of a route or a backend its requests; of a request everything. */
  #open(): void {
    const line = this.lines[this.chosen];
    if (line === undefined) return;
    if (this.view === "requests") {
      this.#wishes.open(line as LogRow);
      return;
    }
    const name = this.view === "routes" ? "route" : "backend";
    this.#filters.requests = `${name}:${(line as GroupLine).name}`;
    this.#rows = [];
    this.#turnTo("requests");
  }

  #orderByNext(step: number): void {
    const columns: readonly { readonly order?: unknown }[] = COLUMNS[this.view];
    let { column } = this.order;
    do column = (column + step) % columns.length;
    while (columns[column]?.order === undefined);
    this.#orders[this.view] = { column, isUp: false };
  }

  #arranged<Line>(
    lines: readonly Line[],
    columns: readonly Column<Line>[],
    nameOf: (line: Line) => string,
    filter = this.filter,
  ): Line[] {
    const wanted = filter.toLowerCase();
    const { column, isUp } = this.order;
    const order = columns[column]?.order;
    const found = lines.filter((line) => nameOf(line).toLowerCase().includes(wanted));
    if (order === undefined) return found;
    return found.toSorted((one, other) => compared(order(one), order(other)) * (isUp ? 1 : -1));
  }
}

export const COLUMNS = {
  routes: routeColumns,
  backends: backendColumns,
  requests: requestColumns,
} as const;

const IDLE: Rates = {
  perSecond: 0,
  errorRate: 0,
  p50: null,
  p99: null,
  inFlight: null,
  series: [],
};

function compared(one: number | string, other: number | string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function moved(at: number, key: Key, page: number, lines: number): number {
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    "page up": -page,
    "page down": page,
    home: -Infinity,
    end: Infinity,
  };
  return Math.max(0, Math.min(at + (steps[key] ?? 0), lines - 1));
}

/**
 * Filters as they are typed: `status:5xx path:/api/*`; words without a name are looked for in paths.
 * @throws {FilterError}
 */
export function filtersIn(typed: string): Record<string, string> {
  const filters: Record<string, string> = {};
  for (const word of typed.split(/\s+/).filter((one) => one !== "")) {
    const [, name = "", value = ""] = /^([a-z_]+):(.*)$/.exec(word) ?? [];
    if (isFilterName(name) || (name !== "" && value !== "" && !value.startsWith("/"))) {
      filters[name] = value;
    } else filters["path"] = word.includes("*") || word.startsWith("/") ? word : `*${word}*`;
  }
  parseFilters(filters, 0);
  return filters;
}
