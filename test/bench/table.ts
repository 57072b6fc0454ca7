import type { Contestant } from "./contestant.ts";
import type { Results, Summary } from "./results.ts";
import type { Workload } from "./workloads.ts";

/** A table of one workload: figures, and ratios to the first contestant that took part. */
export function workloadTable(
  workload: Workload,
  contestants: readonly Contestant[],
  results: Results,
): string[][] {
  const rows = contestants.flatMap(({ key, name }) => {
    const summary = results.summary(workload, key);
    return summary === undefined ? [] : [{ name, summary }];
  });
  const base = rows[0]?.summary;
  if (base === undefined) return [];
  return [
    ["", `${workload.unit}/s`, "×", "CPU µs", "×", "p50 ms", "p99 ms", "×", "RSS MiB", "×", "peak"],
    ...rows.map(({ name, summary }) => [
      summary.failures > 0 ? `${name} (${summary.failures} failures)` : name,
      ...figures(summary, base),
    ]),
  ];
}

function figures(own: Summary, base: Summary): string[] {
  return [
    own.perSecond.toFixed(0),
    ratio(own.perSecond, base.perSecond),
    decimals(own.cpuEach, 1),
    ratio(own.cpuEach, base.cpuEach),
    milliseconds(own.p50),
    milliseconds(own.p99),
    ratio(own.p99, base.p99),
    mebibytes(own.resident),
    ratio(own.resident, base.resident),
    mebibytes(own.peak),
  ];
}

const ratio = (own: number, base: number): string => decimals(own / base, 2);
// Who answers nothing has no figure for each answer.
const decimals = (figure: number, digits: number): string =>
  Number.isFinite(figure) ? figure.toFixed(digits) : "–";
const milliseconds = (micros: number): string => (micros / 1000).toFixed(2);
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** The rows as text, aligned; the first is the heading, the first column to the left. */
export function formatTable(rows: readonly (readonly string[])[], markdown: boolean): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return markdown ? `| ${cells.join(" | ")} |` : cells.join("  ");
  };
  const [heading = [], ...others] = rows;
  const rule = markdown
    ? [widths.map((width, column) => "-".repeat(width - 1) + (column === 0 ? "-" : ":"))]
    : [];
  return `${[heading, ...rule, ...others].map((row) => line(row).trimEnd()).join("\n")}\n`;
}
