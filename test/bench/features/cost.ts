import { median } from "../median.ts";
import type { Measurement, Results } from "../results.ts";

/** What a feature costs: microseconds of CPU for a request, and ratios. */
export interface Cost {
  readonly without: number;
  readonly with: number;
  /** The median of the rounds' differences. */
  readonly added: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  /** The ratio of the best rounds, with which other programs interfered least. */
  readonly ratioOfBest: number;
  readonly failures: number;
}

export const SIDES = ["without", "with"] as const;

/** How the measurements of a feature are named; those of its sides by the contestant. */
export function workloadOf(key: string): string {
  return `feature-${key}`;
}

/** Undefined if it was not measured. */
export function costOf(results: Results, key: string): Cost | undefined {
  const found = results.measurements.filter(({ workload }) => workload === workloadOf(key));
  const [without, with_] = SIDES.map((side) =>
    found.filter(({ contestant }) => contestant === side).map(cpuOfEach),
  );
  if (without === undefined || with_ === undefined || without.length === 0) return undefined;
  const pairs = with_.map((own, round) => [own, without[round] ?? Number.NaN] as const);
  return {
    without: median(without),
    with: median(with_),
    added: median(pairs.map(([own, other]) => own - other)),
    ratio: median(pairs.map(([own, other]) => own / other)),
    ratioOfBest: Math.min(...with_) / Math.min(...without),
    failures: found.reduce((sum, one) => sum + one.failures, 0),
  };
}

function cpuOfEach({ cpu, requests }: Measurement): number {
  return cpu / requests;
}

export function costTable(
  features: readonly { readonly key: string; readonly name: string }[],
  results: Results,
): string[][] {
  const rows = features.flatMap(({ key, name }) => {
    const cost = costOf(results, key);
    if (cost === undefined) return [];
    return [
      [
        cost.failures > 0 ? `${name} (${cost.failures} failures)` : name,
        cost.without.toFixed(1),
        cost.with.toFixed(1),
        cost.added.toFixed(1),
        cost.ratio.toFixed(2),
        cost.ratioOfBest.toFixed(2),
      ],
    ];
  });
  return [["", "without, µs", "with, µs", "added", "×", "× of best"], ...rows];
}
