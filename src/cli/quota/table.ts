import { printable } from "../../units/printable.ts";
import type { DescribedCount, DescribedQuota } from "../../policies/quota/description.ts";
import type { QuotaPage } from "./pages.ts";

const HEAD = ["QUOTA", "PER", "KEY", "USED", "LIMIT", "LEFT", "UNTIL"] as const;
/** Columns of numbers, which end at the same place. */
const RIGHT: ReadonlySet<number> = new Set([3, 4, 5]);

/** How the key of requests without a value is shown and written. */
export const WITHOUT_KEY = "(none)";

/** Counts as a table, for a terminal. */
export function table({ quotas, counts, next, complete }: QuotaPage): string {
  if (quotas.length === 0) return "no such quota\n";
  if (counts.length === 0) return `nothing has been used in this period of ${namesOf(quotas)}\n`;
  const rows = [HEAD, ...counts.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0, RIGHT.has(column)))
      .join("  ")
      .trimEnd(),
  );
  const more = next === null ? [] : ["… and more; --limit N shows so many"];
  const missing = complete
    ? []
    : ["only what the gateway has in memory: its file or store cannot be read now"];
  return `${[...lines, ...more, ...missing].join("\n")}\n`;
}

function cellsOf(count: DescribedCount): string[] {
  const { quota, per, key, used, limit, granted, remaining, period_ends: ends } = count;
  return [
    quota,
    per,
    key === "" ? WITHOUT_KEY : printable(key),
    `${used}`,
    granted === 0 ? `${limit}` : `${limit}+${granted}`,
    `${remaining}`,
    `${ends.slice(0, 16)}Z`,
  ];
}

function namesOf(quotas: readonly DescribedQuota[]): string {
  return quotas.map(({ name, per, limit }) => `${name} (${limit} per ${per})`).join(", ");
}

function padded(cell: string, to: number, isRight: boolean): string {
  const blanks = " ".repeat(Math.max(0, to - width(cell)));
  return isRight ? blanks + cell : cell + blanks;
}

const width = (text: string): number => Bun.stringWidth(text);
