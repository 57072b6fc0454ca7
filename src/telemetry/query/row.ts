import { fields } from "../fields.ts";
import type { QueryContext } from "./query.ts";

/** A row of table `logs` by its columns. */
export type Row = Readonly<Record<string, string | number | null>> & { readonly id: number };

/** Columns with details of a few exchanges, which pages leave out. */
export const KEPT_COLUMNS: ReadonlySet<string> = new Set(
  [
    fields.decisions,
    fields.requestFields,
    fields.responseFields,
    fields.requestBody,
    fields.responseBody,
  ].map(({ column }) => column),
);

/** The columns of a page's rows, in their order. */
export const PAGE_COLUMNS: readonly string[] = [
  "id",
  ...Object.values(fields)
    .map(({ column }) => column)
    .filter((column) => !KEPT_COLUMNS.has(column)),
];

/** Columns for a SELECT; NULL in place of those that a file does not have. */
export function selected(columns: readonly string[], present: QueryContext["columns"]): string {
  return columns.map((column) => (present.has(column) ? column : `NULL AS ${column}`)).join(", ");
}
