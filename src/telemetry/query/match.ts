import { escaped } from "../../units/printable.ts";
import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";
import type { Condition, Filters } from "./filters.ts";
import { globTest } from "./glob.ts";
import { withoutPort } from "./hosts.ts";
import type { Row } from "./row.ts";

type Value = string | number | boolean | null | undefined;

/** Makes the test whether a row meets the filters. */
export function rowTest(filters: Filters): (row: Row) => boolean {
  const tests = filters.conditions.map((condition) => ({
    column: condition.column,
    test: valueTest(condition),
  }));
  const since = isoTime(filters.since);
  const until = isoTime(filters.until);
  return (row) => {
    for (const { column, test } of tests) if (!test(row[column])) return false;
    if (since === undefined && until === undefined) return true;
    // Timestamps have one format, in which texts sort as times do.
    const at = String(row["timestamp"] ?? "");
    return (since === undefined || at >= since) && (until === undefined || at < until);
  };
}

/** The same for a record that has not been written yet. */
export function recordTest(filters: Filters): (record: ExchangeRecord) => boolean {
  const tests = filters.conditions.map((condition) => ({
    name: NAME_OF.get(condition.column) ?? "path",
    test: valueTest(condition),
  }));
  const { since, until } = filters;
  return (record) => {
    for (const { name, test } of tests) {
      const value = record[name];
      if (!test(typeof value === "string" ? escaped(value) : value)) return false;
    }
    return record.timestamp >= since && record.timestamp < until;
  };
}

/** The text of a time in rows; undefined for none, and for one that rows cannot have. */
export function isoTime(time: number): string | undefined {
  if (!Number.isFinite(time)) return undefined;
  return new Date(Math.min(Math.max(Math.ceil(time), 0), LAST_TIME)).toISOString();
}

/** 9999-12-31, the last day whose text has four digits for the year. */
const LAST_TIME = 253_402_214_400_000;

const NAME_OF: ReadonlyMap<string, keyof ExchangeRecord> = new Map(
  Object.entries(fields).map(([name, { column }]) => [column, name as keyof ExchangeRecord]),
);

function valueTest(condition: Condition): (value: Value) => boolean {
  if (condition.kind === "number") {
    const { ranges } = condition;
    return (value) =>
      typeof value === "number" && ranges.some(({ from, to }) => value >= from && value <= to);
  }
  if (condition.kind === "glob") {
    const test = globTest(condition.glob);
    return (value) => typeof value === "string" && test(value);
  }
  if (condition.kind === "presence") {
    const { present } = condition;
    return (value) => (value !== null && value !== undefined && value !== "") === present;
  }
  const texts = new Set(condition.texts);
  if (condition.column !== "host") return (value) => texts.has(value as string);
  return (value) =>
    typeof value === "string" && (texts.has(value) || texts.has(withoutPort(value)));
}
