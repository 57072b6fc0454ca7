import { compile } from "../compile.ts";
import { same, type SqlType, type SqlValue, textOrNull } from "../field.ts";
import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";

interface Column {
  readonly name: string;
  readonly type: SqlType;
}

/** All columns besides `id`, in the order of `valuesOf`. */
export const COLUMNS: readonly Column[] = [
  { name: "source", type: "TEXT" },
  ...Object.values(fields).map(({ column, type }) => ({ name: column, type })),
];

/** The row of a record whose texts have been escaped. */
export const valuesOf = compile(
  `(record) => ["gateway", ${Object.entries(fields)
    .map(([name, field]) => valueOf(name, field.toSql))
    .join(", ")}]`,
  { fields },
) as (record: ExchangeRecord) => SqlValue[];

/** Common conversions are inlined. */
function valueOf(name: string, toSql: unknown): string {
  if (toSql === same) return `record.${name}`;
  if (toSql === textOrNull) return `record.${name} === "" ? null : record.${name}`;
  return `fields.${name}.toSql(record.${name}, record)`;
}
