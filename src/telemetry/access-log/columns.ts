import { compile } from "../compile.ts";
import type { SqlType, SqlValue } from "../field.ts";
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
  `(record) => ["gateway", ${Object.keys(fields)
    .map((name) => `fields.${name}.toSql(record.${name}, record)`)
    .join(", ")}]`,
  { fields },
) as (record: ExchangeRecord) => SqlValue[];
