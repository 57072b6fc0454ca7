import { beginOf, DAY, HOUR, MINUTE, nextBeginOf, type Step, STEPS } from "../../rollups/steps.ts";

/** A window of time in epoch milliseconds, without its end. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** A part of a window that is read from the rollups of one step. In epoch seconds, without its end. */
export interface Piece {
  readonly step: Step;
  readonly from: number;
  readonly to: number;
}

/** From when on a table has rollups of each step, in epoch seconds; Infinity for none. */
export type Known = Readonly<Record<Step, number>>;

/** A window whose edges are those of rollups. In seconds. */
export interface Aligned {
  readonly from: number;
  readonly to: number;
  /** Of its points. No rollup that is read is longer, and each is in one point. */
  readonly step: number;
  readonly pieces: readonly Piece[];
}

/**
 * What is read for a window with points of a step: days inside of it, hours and minutes at its edges. The
 * window grows to whole minutes, and to whole hours or days where nothing shorter is kept.
 */
export function align(window: Window, known: Known, pointStep: number): Aligned {
  const [start, end] = [window.from / 1_000, window.to / 1_000];
  const [first, last] = [edgeStep(start, known), edgeStep(end, known)];
  const [from, to] = [beginOf(first, start), nextBeginOf(last, end)];
  const step = Math.max(pointStep, first, last);
  const steps = STEPS.filter((one) => one === MINUTE || step % one === 0);
  return { from, to, step, pieces: piecesOf(from, to, steps) };
}

/** The step of the rollups that an edge can be exact to. */
function edgeStep(edge: number, known: Known): Step {
  for (const [shorter, longer] of [
    [MINUTE, HOUR],
    [HOUR, DAY],
  ] as const) {
    // Where both begin with the same traffic, there was none before.
    const isWhole = beginOf(longer, known[shorter]) <= known[longer];
    if (isWhole || edge >= known[shorter]) return shorter;
  }
  return DAY;
}

function piecesOf(from: number, to: number, steps: readonly Step[]): Piece[] {
  const step = steps.at(-1);
  if (step === undefined || from >= to) return [];
  const shorter = steps.slice(0, -1);
  const [first, last] = [nextBeginOf(step, from), beginOf(step, to)];
  if (first >= last) return piecesOf(from, to, shorter);
  return [
    ...piecesOf(from, first, shorter),
    { step, from: first, to: last },
    ...piecesOf(last, to, shorter),
  ];
}

/** Steps of points of time in seconds. Each has a whole number of the rollups' steps up to its own. */
const POINT_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];

/** The shortest step with which a window has at most so many points, in seconds. */
export function pointStep({ from, to }: Window, mostPoints: number): number {
  const seconds = (to - from) / 1_000;
  const found = POINT_STEPS.find((step) => seconds / step <= mostPoints);
  return found ?? Math.ceil(seconds / mostPoints / DAY) * DAY;
}
