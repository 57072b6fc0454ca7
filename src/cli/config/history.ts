import type { ListedConfiguration } from "../../telemetry/query/configurations.ts";
import { printable } from "../../units/printable.ts";
import { table } from "../table.ts";

const COLUMNS = [
  { heading: "N", align: "right" as const },
  { heading: "ID" },
  { heading: "IN FORCE FROM" },
  { heading: "TO" },
  { heading: "LINES" },
  { heading: "BY" },
];

/** Configurations that were in force, a line each. */
export function historyTable(entries: readonly ListedConfiguration[]): string {
  return table(
    COLUMNS,
    entries.map(({ number, id, in_force_from: from, in_force_to: to, changes, cause }) => [
      String(number),
      id,
      timeText(from),
      to === null ? "now" : timeText(to),
      changes === null ? "" : `+${changes.added} -${changes.removed}`,
      printable(cause),
    ]),
  );
}

/** "2026-11-26T14:05:12Z" */
function timeText(time: string): string {
  return `${time.slice(0, 19)}Z`;
}
