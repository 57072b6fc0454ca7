/** How long a query took, in milliseconds of time and of the processor's. */
export interface Timing {
  /** Queries that are summed up together. */
  readonly kind: string;
  readonly name: string;
  readonly ms: number;
  /** Absent where other work is measured too. */
  readonly cpuMs?: number;
}

/** A row for each kind, for `formatTable`. */
export function timingRows(timings: readonly Timing[]): string[][] {
  const kinds = [...new Set(timings.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const own = timings.filter((one) => one.kind === kind);
    const times = own.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const cpu = own.flatMap(({ cpuMs }) => cpuMs ?? []).toSorted((a, b) => a - b);
    return [kind, `${own.length}`, ...shares(times), ...shares(cpu)];
  });
}

export const TIMING_HEADING: readonly string[] = [
  "",
  "queries",
  "p50 ms",
  "p90 ms",
  "max ms",
  "CPU p50 ms",
  "p90 ms",
  "max ms",
];

function shares(sorted: readonly number[]): string[] {
  return [0.5, 0.9, 1].map((share) => {
    const at = Math.min(Math.floor(sorted.length * share), sorted.length - 1);
    return sorted[at]?.toFixed(1) ?? "–";
  });
}
