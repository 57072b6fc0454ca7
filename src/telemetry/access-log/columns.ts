import { compile } from "../compile.ts";
import { same, type SqlType, type SqlValue, textOrNull } from "../field.ts";
import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";

interface Column {
  readonly name: string;
  readonly type: SqlType;
}

const FIELDS = Object.entries(fields);
const ORDINARY_FIELDS = FIELDS.filter(([, { isExceptional }]) => !isExceptional);

type Fields = readonly (typeof FIELDS)[number][];

/** All columns besides `id`, in the order of `valuesOf`. */
export const COLUMNS = columnsOf(FIELDS);

/** Those that are not NULL in nearly all rows, in the order of `putOrdinaryValues`. */
export const ORDINARY_COLUMNS = columnsOf(ORDINARY_FIELDS);

/** The row of a record whose texts have been escaped. */
export const valuesOf = compile(`(record) => [${sqlValues(FIELDS).join(", ")}]`, { fields }) as (
  record: ExchangeRecord,
) => SqlValue[];

/** Writes the row of an ordinary record, from `at` on. */
export const putOrdinaryValues = compile(
  `(record, values, at) => {
    ${sqlValues(ORDINARY_FIELDS)
      .map((value, place) => `values[at + ${place}] = ${value};`)
      .join("\n")}
  }`,
  { fields },
) as (record: ExchangeRecord, values: SqlValue[], at: number) => void;

/** Whether a record's row is NULL in all columns but the ordinary ones. */
export const isOrdinary = compile(
  `(record) => ${FIELDS.filter(([, { isExceptional }]) => isExceptional)
    .map(([name, field]) =>
      field.toSql === textOrNull
        ? `record.${name} === ""`
        : `fields.${name}.toSql(record.${name}, record) === null`,
    )
    .join(" && ")}`,
  { fields },
) as (record: ExchangeRecord) => boolean;

function columnsOf(of: Fields): readonly Column[] {
  return [
    { name: "source", type: "TEXT" },
    ...of.map(([, { column, type }]) => ({ name: column, type })),
  ];
}

function sqlValues(of: Fields): string[] {
  return ['"gateway"', ...of.map(([name, field]) => valueOf(name, field.toSql))];
}

/** Common conversions are inlined. */
function valueOf(name: string, toSql: unknown): string {
  if (toSql === same) return `record.${name}`;
  if (toSql === textOrNull) return `record.${name} === "" ? null : record.${name}`;
  return `fields.${name}.toSql(record.${name}, record)`;
}
