import { escaped, isPlain, printableJson, shown } from "../units/printable.ts";
import { compile } from "./compile.ts";
import type { Context, JsonValue } from "./field.ts";
import { fields } from "./fields.ts";
import type { ExchangeRecord } from "./record.ts";

const FIELDS = Object.entries(fields);

/**
 * A record as one line for people, without time and level. Nothing that a client sends can end the
 * line or look like another part of it.
 */
export function recordAsText(record: ExchangeRecord): string {
  return textOf(isHarmless(record) ? record : withoutImitations(record));
}

/** A "-" that could be taken for the separator of a line's parts; there are spaces that look like " ". */
const IMITATED_SEPARATOR = /(?<=\s)-(?=\s)/gu;
const SPACE = /\s/gu;

/** Everything but visible ASCII, and the backslash. */
const SUSPICIOUS = /[^!-[\]-~]/;

function isHarmless(record: ExchangeRecord): boolean {
  if (isSuspicious(record)) return false;
  if (record.errorCode === "") return true;
  return isPlain(record.message) && record.message.search(IMITATED_SEPARATOR) === -1;
}

/** Tests the parts that clients control. Testing the whole line would copy it once more. */
const isSuspicious = compile(
  `(record) => ${FIELDS.flatMap(([name, field]) =>
    field.inLine !== undefined && field.kind === "text" && Number.isFinite(field.limit)
      ? [`suspicious.test(record.${name})`]
      : [],
  ).join(" || ")}`,
  { suspicious: SUSPICIOUS },
) as (record: ExchangeRecord) => boolean;

// One template: joining texts step by step would create a string per step.
const textOf = compile(
  `(record) => \`${FIELDS.flatMap(([name, { inLine }]) =>
    inLine === undefined ? [] : [{ name, ...inLine }],
  )
    .toSorted((one, other) => one.place - other.place)
    .map(({ name, before = "", toText, after = "" }) => {
      const value = `record.${name}`;
      const shown = toText === undefined ? value : `fields.${name}.inLine.toText(${value}, record)`;
      return `${before}\${${shown}}${after}`;
    })
    .join("")}\``,
  { fields },
) as (record: ExchangeRecord) => string;

function withoutImitations(record: ExchangeRecord): ExchangeRecord {
  const texts = FIELDS.filter(isEscaped).map(([name]) => {
    const text = escaped(String(record[name as keyof ExchangeRecord]));
    return [name, name === "message" ? withoutSeparator(text) : text.replace(SPACE, shown)];
  });
  return { ...record, ...(Object.fromEntries(texts) as Partial<ExchangeRecord>) };
}

function isEscaped([, field]: (typeof FIELDS)[number]): boolean {
  return field.kind === "text" && !field.isVerbatim;
}

function withoutSeparator(message: string): string {
  return message.replace(IMITATED_SEPARATOR, shown);
}

/** A record as one JSON object; `time` is when the line is written. */
export function recordAsJson(record: ExchangeRecord, time: string): string {
  return printableJson(objectOf(record, time));
}

const objectOf = compile(
  `(record, time) => ({
    time,
    level: record.level,
    message: record.method + " " + record.path + " - " + record.statusCode,
    ${FIELDS.flatMap(([name, { column, toJson }]) =>
      toJson === undefined ? [] : [`${column}: fields.${name}.toJson(record.${name}, record)`],
    ).join(",\n")},
    error: record.errorCode === "" ? undefined : record.message,
  })`,
  { fields },
) as (record: ExchangeRecord & Context, time: string) => Json;

type Json = Readonly<Record<string, JsonValue>>;
