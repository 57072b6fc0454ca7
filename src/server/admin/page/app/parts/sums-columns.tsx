import { countText, durationText } from "../data/format.ts";
import type { Column } from "./table.tsx";

/** The sums of a window that rows of tables have. */
interface Summed {
  readonly requests: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

export const requestsColumn: Column<Summed> = {
  key: "requests",
  title: "Requests",
  isNumber: true,
  by: ({ requests }) => requests,
  cell: ({ requests }) => countText(requests),
};

export const p50Column: Column<Summed> = {
  key: "p50",
  title: "p50",
  isNumber: true,
  by: ({ p50_ms: p50 }) => p50 ?? -1,
  cell: ({ p50_ms: p50 }) => durationText(p50),
};

export const p99Column: Column<Summed> = {
  key: "p99",
  title: "p99",
  isNumber: true,
  from: "tablet",
  by: ({ p99_ms: p99 }) => p99 ?? -1,
  cell: ({ p99_ms: p99 }) => durationText(p99),
};
