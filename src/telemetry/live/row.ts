import { fields } from "../fields.ts";
import type { Context, SqlValue } from "../field.ts";
import { escaped } from "../../units/printable.ts";
import type { ExchangeRecord } from "../record.ts";

/** What only the rows of some exchanges have, and is read for one of them at a time. */
const DETAILS: ReadonlySet<string> = new Set([
  "decisions",
  "request_fields",
  "response_fields",
  "request_body",
  "response_body",
]);

interface Column {
  readonly column: string;
  readonly value: (record: ExchangeRecord) => SqlValue;
}

/** What turns a record into the values of its row, besides the details; derived from the fields once. */
const COLUMNS: readonly Column[] = Object.entries(fields)
  .filter(([, { column }]) => !DETAILS.has(column))
  .map(([name, field]) => {
    const toSql = field.toSql as (value: unknown, record: Context) => SqlValue;
    return {
      column: field.column,
      value: (record) => {
        const value = toSql(Reflect.get(record, name) as unknown, record);
        return typeof value === "string" ? escaped(value) : value;
      },
    };
  });

/** The row of an exchange that is being written: columns by their names. It has no id yet. */
export function rowOf(record: ExchangeRecord): Readonly<Record<string, SqlValue>> {
  return Object.fromEntries(COLUMNS.map(({ column, value }) => [column, value(record)]));
}
