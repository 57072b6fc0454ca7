import type { Exchange } from "../pipeline/exchange.ts";

export type SqlType = "TEXT" | "INTEGER" | "REAL";
export type SqlValue = string | number | null;
export type JsonValue = string | number | undefined;

/**
 * How texts of a column repeat from row to row, which settles how a batch keeps them: each by itself,
 * once for rows that follow each other, or once for the whole batch.
 */
export type Repeats = "seldom" | "in runs" | "often";

/** What a field may read of the others in its record. */
export interface Context {
  readonly method: string;
  readonly path: string;
  readonly statusCode: number;
  readonly message: string;
  readonly errorCode: string;
}

/** One field of the access log: where it comes from, and what it is in each place it goes to. */
export interface Field<Value extends string | number> {
  /** Its column in table `logs`. */
  readonly column: string;
  readonly type: SqlType;
  /** Reads it when the exchange is over; `now` is the clock's monotonic time. */
  readonly read: (exchange: Exchange, now: number) => Value;
  /** Its value in SQLite. A text arrives escaped, see `escaped`. */
  readonly toSql: (value: Value, record: Context) => SqlValue;
  /** Its value in a JSON line; undefined leaves it out. */
  readonly toJson: ((value: Value, record: Context) => JsonValue) | undefined;
  /** Its part of a text line; the parts follow each other by `place`. A text arrives escaped. */
  readonly inLine:
    | { readonly place: number; readonly toText: (value: Value, record: Context) => string }
    | undefined;
}

export interface NumberField extends Field<number> {
  readonly kind: "number";
}

export interface TextField<Value extends string = string> extends Field<Value> {
  readonly kind: "text";
  readonly repeats: Repeats;
  /** Characters that are kept of it; Infinity for texts that no client can lengthen. */
  readonly limit: number;
}

type Stated<Of, Optional extends keyof Of> = Omit<Of, "kind" | Optional> &
  Partial<Pick<Of, Optional>>;

/** States a field that is a number. Left out, its JSON value is the number, and no line has it. */
export function number(stated: Stated<NumberField, "toSql" | "toJson" | "inLine">): NumberField {
  return { kind: "number", toSql: same, toJson: same, inLine: undefined, ...stated };
}

/** States a field that is a text. Left out: an empty one is NULL, JSON has it, and no line. */
export function text<Value extends string>(
  stated: Stated<TextField<Value>, "type" | "limit" | "toSql" | "toJson" | "inLine">,
): TextField<Value> {
  return {
    kind: "text",
    type: "TEXT",
    limit: Infinity,
    toSql: textOrNull,
    toJson: same,
    inLine: undefined,
    ...stated,
  };
}

/** What goes as it is. */
export const same = <Value>(value: Value): Value => value;

/** What is NULL when it is empty. */
export const textOrNull = (value: string): string | null => (value === "" ? null : value);
