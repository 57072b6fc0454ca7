import { DAY, HOUR } from "../../rollups/steps.ts";
import { Sums } from "../../rollups/sums.ts";
import type { Query } from "../query.ts";
import { type Figures, figuresOf, timeText } from "./figures.ts";
import { addTo, knownOf, readSums, type Source } from "./reader.ts";
import { isFiltered, type SeriesFilter, seriesOf } from "./series.ts";
import { type RollupView, viewOf } from "./view.ts";
import { align, pointStep, type Window } from "./window.ts";

export interface OverviewRequest extends Window, SeriesFilter {
  /** At most so many points; 500 by default. */
  readonly points?: number;
}

export interface Overview {
  /** The window in whole minutes, which may be longer than the one that was asked for. */
  readonly from: string;
  readonly to: string;
  readonly step_seconds: number;
  readonly totals: Figures;
  /** Every point of the window, those without requests too. */
  readonly series: readonly ({ readonly at: string } & Omit<Figures, "error_rate">)[];
  readonly classes: readonly { readonly class: string; readonly requests: number }[];
}

const MOST_POINTS = 500;

/** Requests over a window: in all, over time, and by class of status. Reads rollups alone. */
export const overview: Query<OverviewRequest, Overview> = (context, request) => {
  const view = viewOf(context);
  const { source, classOf } = sourceOf(view, request);
  const { from, to, step, pieces } = align(request, knownOf(context, source), stepOf(request));
  const first = Math.floor(from / step);
  const points = Array.from({ length: Math.ceil(to / step) - first }, () => new Sums());
  const classes = new Map<number, number>();
  readSums(view, source, pieces, (key, at, values) => {
    const point = points[Math.floor(at / step) - first];
    if (point === undefined) return;
    addTo(point, values);
    const statusClass = classOf(Number(key));
    classes.set(statusClass, (classes.get(statusClass) ?? 0) + Number(values[0]));
  });
  const total = new Sums();
  for (const point of points) total.merge(point);
  return {
    from: timeText(from),
    to: timeText(to),
    step_seconds: step,
    totals: figuresOf(total),
    series: points.map((sums, at) => {
      const { error_rate: _, ...figures } = figuresOf(sums);
      return { at: timeText(Math.max(from, (first + at) * step)), ...figures };
    }),
    classes: [...classes.keys()]
      .toSorted((one, other) => one - other)
      .map((one) => ({ class: classText(one), requests: classes.get(one) ?? 0 })),
  };
};

/**
 * Rollups of some series lie among those of all others, so that those of minutes are read for some days at
 * most: a longer window has points of an hour or more.
 */
function stepOf(request: OverviewRequest): number {
  const step = pointStep(request, request.points ?? MOST_POINTS);
  const isLong = request.to - request.from > LONGEST_BY_MINUTES_MS;
  return isFiltered(request) && isLong ? Math.max(step, HOUR) : step;
}

const LONGEST_BY_MINUTES_MS = 3 * DAY * 1_000;

export const classText = (statusClass: number): string => `${statusClass}xx`;

function sourceOf(
  view: RollupView,
  request: OverviewRequest,
): { source: Source; classOf: (key: number) => number } {
  if (!isFiltered(request)) {
    return { source: { table: "rollup_totals", key: "class" }, classOf: (key) => key };
  }
  const classes = new Map(seriesOf(view, request).map(({ id, statusClass }) => [id, statusClass]));
  return {
    source: { table: "rollups", key: "series", only: [...classes.keys()] },
    classOf: (key) => classes.get(key) ?? 0,
  };
}
