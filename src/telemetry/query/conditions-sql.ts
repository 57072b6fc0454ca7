import type { Condition, Filters } from "./filters.ts";
import { isoTime } from "./match.ts";

/** A part of a WHERE clause with the values of its places. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/**
 * What SQLite can tell of the filters; `rowTest` decides. A column that a file does not have is NULL.
 * Patterns are left to `rowTest`: the time that GLOB takes for some has no bound.
 */
export function whereOf(filters: Filters, columns: ReadonlySet<string>): Where {
  const parts = filters.conditions.map((condition) => partOf(condition, columns));
  const [since, until] = [isoTime(filters.since), isoTime(filters.until)];
  if (since !== undefined) parts.push({ sql: "timestamp >= ?", values: [since] });
  if (until !== undefined) parts.push({ sql: "timestamp < ?", values: [until] });
  return {
    sql: ["1", ...parts.map(({ sql }) => `(${sql})`)].join(" AND "),
    values: parts.flatMap(({ values }) => values),
  };
}

function partOf(condition: Condition, columns: ReadonlySet<string>): Where {
  const column = columns.has(condition.column) ? condition.column : "NULL";
  if (condition.kind === "number") {
    return {
      sql: condition.ranges.map(() => `${column} BETWEEN ? AND ?`).join(" OR "),
      values: condition.ranges.flatMap(({ from, to }) => [from, to]),
    };
  }
  if (condition.kind === "presence") {
    const sql = condition.present
      ? `${column} IS NOT NULL AND ${column} <> ''`
      : `${column} IS NULL OR ${column} = ''`;
    return { sql, values: [] };
  }
  if (condition.kind === "glob") return { sql: `${column} IS NOT NULL`, values: [] };
  const { texts } = condition;
  const isOne = { sql: `${column} IN (${texts.map(() => "?").join(", ")})`, values: texts };
  if (condition.column !== "host") return isOne;
  return {
    sql: [isOne.sql, ...texts.map(() => `${column} BETWEEN ? AND ?`)].join(" OR "),
    // ";" follows ":".
    values: [...texts, ...texts.flatMap((text) => [`${text}:`, `${text};`])],
  };
}
