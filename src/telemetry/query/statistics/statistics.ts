import { DAY, HOUR } from "../../rollups/steps.ts";
import type { UsageKind } from "../../rollups/batch-sums.ts";
import { Sums } from "../../rollups/sums.ts";
import { OTHERS } from "../../rollups/usage-merger.ts";
import { QueryError } from "../errors.ts";
import type { Query } from "../query.ts";
import { type Figures, figuresOf, timeText } from "./figures.ts";
import { classText } from "./overview.ts";
import { addTo, knownOf, readSums, requestsByKey, type Source } from "./reader.ts";
import { isFiltered, type SeriesFilter, seriesOf } from "./series.ts";
import { type KnownSeries, type RollupView, viewOf } from "./view.ts";
import { align, pointStep, type Window } from "./window.ts";

/** What exchanges can be grouped by. */
export const GROUPINGS = [
  "route",
  "backend",
  "upstream",
  "status",
  "client",
  "subject",
  "key",
  "model",
  "refused_by",
  "error",
] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What the admin pages group by besides: a backend in one upstream of one route, see `backendOfRoute`. */
type AnyGrouping = Grouping | "backend_of_route";

export interface StatisticsRequest extends Window, SeriesFilter {
  readonly by: AnyGrouping;
  /** With `key`: only subjects of these providers. All that are known if absent. */
  readonly providers?: readonly string[] | undefined;
  /** At most so many groups, the rest is one more, "(others)"; 100 by default. */
  readonly limit?: number | undefined;
}

export interface Group extends Figures {
  /** "(none)" without one, "(others)" for those beyond the limit, and those that were too many to count. */
  readonly value: string;
  readonly tokens_in: number;
  readonly tokens_out: number;
  /** Requests, evenly spaced over the window. */
  readonly series: readonly number[];
}

export interface Statistics {
  /** The window in whole minutes, or hours where nothing shorter is kept. */
  readonly from: string;
  readonly to: string;
  readonly by: AnyGrouping;
  /** The spacing of `series`. */
  readonly step_seconds: number;
  readonly totals: Figures;
  /** The most requests first. */
  readonly groups: readonly Group[];
}

const DEFAULT_LIMIT = 100;
const MOST_POINTS = 60;
const NONE = "(none)";

/** Why rollups cannot answer a request; undefined if they can. */
export function statisticsProblem(request: StatisticsRequest): string | undefined {
  if (!isFiltered(request) || request.by in SERIES_GROUPS) return undefined;
  const name =
    request.route === undefined
      ? request.backend === undefined
        ? "upstream"
        : "backend"
      : "route";
  return `sums by ${request.by} are not kept for each ${name}: leave ${name} out, or search the rows with \`gateway logs\``;
}

/** Requests over a window, by what they have in common. Reads rollups alone. */
export const statistics: Query<StatisticsRequest, Statistics> = (context, request) => {
  const view = viewOf(context);
  const problem = statisticsProblem(request);
  if (problem !== undefined) throw new QueryError("failed", problem);
  const { source, valueOf } = sourceOf(view, request);
  const { from, to, step, pieces } = align(request, knownOf(context, source), stepOf(request));
  const groups = new Groups(
    mostUsed(requestsByKey(view, source, pieces), valueOf, request.limit ?? DEFAULT_LIMIT),
    Math.ceil(to / step) - Math.floor(from / step),
  );
  const first = Math.floor(from / step);
  readSums(view, source, pieces, (key, at, values) => {
    const value = valueOf(key);
    if (value === undefined) return;
    const { sums, series } = groups.of(value);
    addTo(sums, values);
    const point = Math.floor(at / step) - first;
    series[point] = (series[point] ?? 0) + Number(values[0]);
  });
  return {
    from: timeText(from),
    to: timeText(to),
    by: request.by,
    step_seconds: step,
    totals: figuresOf(groups.total()),
    groups: groups.described(),
  };
};

/** The step of the points in seconds: fewer of them where many rows would have to be read. */
function stepOf(request: StatisticsRequest): number {
  const step = pointStep(request, MOST_POINTS);
  const longestHours = request.by in SERIES_GROUPS ? 6 * HOUR : 2 * HOUR;
  if (step > longestHours) return Math.max(DAY, step);
  return step > HOUR / 3 ? Math.max(HOUR, step) : step;
}

/** The group of a key; undefined for one that is not wanted. */
type ValueOf = (key: string | number) => string | undefined;

function sourceOf(
  view: RollupView,
  request: StatisticsRequest,
): { readonly source: Source; readonly valueOf: ValueOf } {
  const { by } = request;
  const groupOf = (SERIES_GROUPS as Partial<Record<AnyGrouping, (series: KnownSeries) => string>>)[
    by
  ];
  if (by === "status" && !isFiltered(request)) {
    return {
      source: { table: "rollup_totals", key: "class" },
      valueOf: (key) => classText(Number(key)),
    };
  }
  if (groupOf !== undefined) {
    const known = new Map(seriesOf(view, request).map((one) => [one.id, groupOf(one)]));
    return {
      source: {
        table: "rollups",
        key: "series",
        only: isFiltered(request) ? [...known.keys()] : undefined,
      },
      valueOf: (key) => known.get(Number(key)) || NONE,
    };
  }
  const kind: UsageKind = by === "key" ? "subject" : (by as UsageKind);
  return { source: { table: "rollup_usage", key: "value", kind }, valueOf: usageValueOf(request) };
}

const SERIES_GROUPS = {
  route: ({ route }: KnownSeries) => route,
  backend: ({ backend }: KnownSeries) => backend,
  upstream: ({ upstream }: KnownSeries) => upstream,
  status: ({ statusClass }: KnownSeries) => classText(statusClass),
  backend_of_route: (series: KnownSeries) => backendOfRoute(series),
};

/** The value of a group of `backend_of_route`; `upstream` is empty for a route's own backends. */
export function backendOfRoute({
  route,
  upstream,
  backend,
}: Pick<KnownSeries, "route" | "upstream" | "backend">): string {
  return JSON.stringify([route, upstream, backend]);
}

function usageValueOf({ by, providers }: StatisticsRequest): ValueOf {
  if (by === "subject") return (key) => subjectOf(String(key)).subject;
  if (by !== "key" || providers === undefined) return String;
  return (key) => {
    const written = String(key);
    return written === OTHERS || providers.includes(subjectOf(written).provider)
      ? written
      : undefined;
  };
}

/** The parts of what `subjectKey` made. */
function subjectOf(key: string): { readonly provider: string; readonly subject: string } {
  const slash = key.indexOf("/");
  return { provider: key.slice(0, Math.max(0, slash)), subject: key.slice(slash + 1) };
}

/** The groups with the most requests; OTHERS is never among them. */
function mostUsed(
  requests: ReadonlyMap<string | number, number>,
  valueOf: ValueOf,
  limit: number,
): Set<string> {
  const sums = new Map<string, number>();
  for (const [key, count] of requests) {
    const value = valueOf(key);
    if (value !== undefined && value !== OTHERS) sums.set(value, (sums.get(value) ?? 0) + count);
  }
  const most = [...sums].toSorted(([, one], [, other]) => other - one).slice(0, limit);
  return new Set(most.map(([value]) => value));
}

interface GroupSums {
  readonly sums: Sums;
  readonly series: number[];
}

class Groups {
  readonly #shown: ReadonlySet<string>;
  readonly #points: number;
  readonly #all = new Map<string, GroupSums>();

  constructor(shown: ReadonlySet<string>, points: number) {
    this.#shown = shown;
    this.#points = points;
  }

  of(value: string): GroupSums {
    const name = this.#shown.has(value) ? value : OTHERS;
    let group = this.#all.get(name);
    if (group === undefined) {
      group = { sums: new Sums(), series: Array.from({ length: this.#points }, () => 0) };
      this.#all.set(name, group);
    }
    return group;
  }

  total(): Sums {
    const total = new Sums();
    for (const { sums } of this.#all.values()) total.merge(sums);
    return total;
  }

  described(): Group[] {
    const groups = [...this.#all].map(([value, { sums, series }]) => ({
      value,
      ...figuresOf(sums),
      tokens_in: sums.tokensIn,
      tokens_out: sums.tokensOut,
      series,
    }));
    // OTHERS is no group of its own kind, however large.
    const rank = ({ value, requests }: Group) => (value === OTHERS ? -1 : requests);
    return groups.toSorted((one, other) => rank(other) - rank(one));
  }
}
