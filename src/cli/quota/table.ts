import { printable } from "../../units/printable.ts";
import type { DescribedCount, DescribedQuota } from "../../policies/quota/description.ts";
import { table as renderTable, type TableColumn } from "../table.ts";
import type { QuotaPage } from "./pages.ts";

const COLUMNS: readonly TableColumn[] = [
  { heading: "QUOTA" },
  { heading: "PER" },
  { heading: "KEY" },
  { heading: "USED", align: "right" },
  { heading: "LIMIT", align: "right" },
  { heading: "LEFT", align: "right" },
  { heading: "UNTIL" },
];

/** How the key of requests without a value is shown and written. */
export const WITHOUT_KEY = "(none)";

/** Counts as a table, for a terminal. */
export function table({ quotas, counts, next, complete }: QuotaPage): string {
  if (quotas.length === 0) return "no such quota\n";
  if (counts.length === 0) return `nothing has been used in this period of ${namesOf(quotas)}\n`;
  const more = next === null ? [] : ["… and more; --limit N shows so many"];
  const missing = complete
    ? []
    : ["only what the gateway has in memory: its file or store cannot be read now"];
  const notes = [...more, ...missing].map((note) => `${note}\n`);
  return renderTable(COLUMNS, counts.map(cellsOf)) + notes.join("");
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
