import { useEffect, useId, useRef, useState } from "preact/hooks";
import UPlot from "uplot";
import { timeText } from "../data/format.ts";
import { useStore } from "../data/store.ts";
import { theme } from "../shell/theme.ts";
import { colour, faded } from "./colours.ts";

export interface Line {
  readonly label: string;
  /** The name of its colour in the style sheet. */
  readonly tone: string;
  /** Null where the line has a gap; it goes on over undefined. */
  readonly values: readonly (number | null | undefined)[];
  readonly isFilled?: boolean;
}

interface ChartProps {
  readonly title: string;
  /** Epoch milliseconds of each value. */
  readonly times: readonly number[];
  /** As many as before, whenever it is drawn again. */
  readonly lines: readonly Line[];
  readonly from: number;
  readonly to: number;
  readonly toText: (value: number) => string;
  /** The scale goes at least up to this. */
  readonly least: number;
  readonly isTall?: boolean;
  readonly onZoom: (from: number, to: number) => void;
  readonly onZoomOut: () => void;
}

const AXIS_WIDTH = 52;
const AXIS_HEIGHT = 26;

/** Lines over time. Dragging over it zooms in; all charts show the same moment. */
export function Chart(props: ChartProps) {
  const { title, times, lines, from, to, toText } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const latest = useRef(props);
  const [pointed, setPointed] = useState<number>();
  const shownTheme = useStore(theme);
  const id = useId();
  latest.current = props;

  useEffect(() => {
    const { current } = host;
    if (current === null) return undefined;
    const own = new UPlot(optionsFor(current, latest, setPointed), dataOf(latest.current), current);
    plot.current = own;
    const watch = new ResizeObserver(() => own.setSize(sizeOf(current)));
    watch.observe(current);
    return () => {
      watch.disconnect();
      own.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(latest.current)), [times, lines, from, to]);
  useEffect(() => plot.current?.redraw(false, true), [shownTheme]);

  const index = pointed !== undefined && pointed < times.length ? pointed : undefined;
  const time = index === undefined ? undefined : times[index];
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <span id={id} class="chart-title">
          {title}
        </span>
        <span class="chart-time">{time !== undefined && timeText(time, to - from)}</span>
        <span class="legend">
          {lines.map(({ label, tone, values }) => (
            <span key={label} class="legend-item">
              <span class={`swatch ${tone}`} aria-hidden="true" />
              {label}
              <b>{valueText(index === undefined ? lastOf(values) : values[index], toText)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={host}
        class={props.isTall === true ? "plot tall" : "plot"}
        role="img"
        aria-label={summaryOf(props)}
      />
    </figure>
  );
}

function lastOf(values: Line["values"]): number | null {
  return values.findLast((value) => value !== null && value !== undefined) ?? null;
}

function valueText(value: number | null | undefined, toText: (value: number) => string): string {
  return value === null || value === undefined ? "–" : toText(value);
}

/** What the chart shows, in words. */
function summaryOf({ title, lines, from, to, toText }: ChartProps): string {
  const texts = lines.map(({ label, values }) => {
    const present = values.filter((value) => value !== null && value !== undefined);
    if (present.length === 0) return `${label}: nothing`;
    const most = present.reduce((one, other) => Math.max(one, other), 0);
    return `${label}: ${toText(present.at(-1) ?? 0)} at the end, at most ${toText(most)}`;
  });
  const range = `${timeText(from, to - from)} to ${timeText(to, to - from)}`;
  return `${title}, ${range}. ${texts.join("; ")}.`;
}

function dataOf({ times, lines }: ChartProps): UPlot.AlignedData {
  return [times.map((time) => time / 1000), ...lines.map(({ values }) => [...values])];
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement) {
  return { width: Math.max(clientWidth, 120), height: Math.max(clientHeight, 80) };
}

function optionsFor(
  host: HTMLElement,
  latest: { readonly current: ChartProps },
  point: (index: number | undefined) => void,
): UPlot.Options {
  const font = `11px ${getComputedStyle(host).fontFamily}`;
  const axis = {
    stroke: () => colour("muted"),
    font,
    grid: { stroke: () => colour("grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    ...sizeOf(host),
    legend: { show: false },
    padding: [8, 22, 0, 0],
    scales: {
      x: { range: () => [latest.current.from / 1000, latest.current.to / 1000] },
      y: { range: (_, __, most) => [0, Math.max(latest.current.least, (most ?? 0) * 1.12)] },
    },
    axes: [
      {
        ...axis,
        size: AXIS_HEIGHT,
        space: 76,
        values: (_, splits) => {
          const { from, to } = latest.current;
          return splits.map((seconds) => timeText(seconds * 1000, to - from));
        },
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        space: 34,
        values: (_, splits) => splits.map((value) => latest.current.toText(value)),
      },
    ],
    series: [
      {},
      ...latest.current.lines.map(({ tone, isFilled }): UPlot.Series => ({
        stroke: () => colour(tone),
        width: 1.5,
        points: { show: false },
        ...(isFilled === true && { fill: () => faded(tone, 0.12) }),
      })),
    ],
    cursor: {
      y: false,
      sync: { key: "time" },
      points: { size: 7, width: 2 },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      bind: {
        dblclick: () => () => {
          latest.current.onZoomOut();
          return null;
        },
      },
    },
    hooks: {
      setCursor: [({ cursor: { idx } }) => point(idx ?? undefined)],
      setSelect: [
        (own) => {
          const { left, width } = own.select;
          if (width === 0) return;
          const [start, end] = [left, left + width].map((x) => own.posToVal(x, "x") * 1000);
          own.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          // Its own zoom is what its fellows show, too.
          if (start !== undefined && end !== undefined) latest.current.onZoom(start, end);
        },
      ],
    },
  };
}
