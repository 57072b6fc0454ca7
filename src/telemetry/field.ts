import type { Exchange } from "../pipeline/exchange.ts";

export type SqlType = "TEXT" | "INTEGER" | "REAL";
export type SqlValue = string | number | null;
export type JsonValue = string | number | undefined;

/**
 * How often a column has the same text in several rows. A batch stores such a text once per row, once
 * per run of rows, or once.
 */
export type Repeats = "seldom" | "in runs" | "often";

/** The fields of a record that other fields may use. */
export interface Context {
  readonly method: string;
  readonly path: string;
  readonly statusCode: number;
  readonly message: string;
  readonly errorCode: string;
}

/** One field of the access log: its source, and its form in each output. */
export interface Field<Value extends string | number> {
  /** The column in table `logs`. */
  readonly column: string;
  readonly type: SqlType;
  /** Reads the value when the exchange is over; `now` is monotonic time in milliseconds. */
  readonly read: (exchange: Exchange, now: number) => Value;
  /** The value in SQLite. Texts have been escaped, see `escaped`. */
  readonly toSql: (value: Value, record: Context) => SqlValue;
  /** The value in a JSON line; undefined omits it. */
  readonly toJson: ((value: Value, record: Context) => JsonValue) | undefined;
  /** Whether it is NULL in nearly all rows, so that most statements are shorter without it. */
  readonly isExceptional: boolean;
  /** The part of a text line, ordered by `place`. Texts have been escaped. */
  readonly inLine: LinePart<Value> | undefined;
}

/** A part of a text line: fixed text around the value, or around what `toText` makes of it. */
interface LinePart<Value> {
  readonly place: number;
  readonly before?: string;
  readonly toText?: (value: Value, record: Context) => string | number;
  readonly after?: string;
}

export interface NumberField extends Field<number> {
  readonly kind: "number";
}

export interface TextField<Value extends string = string> extends Field<Value> {
  readonly kind: "text";
  readonly repeats: Repeats;
  /** Maximum length in characters; Infinity for texts whose length no client controls. */
  readonly limit: number;
  /**
   * Whether the worker gets it as it is. Others are escaped, which would double the backslashes of JSON.
   * A verbatim text is printable already, and part of no line.
   */
  readonly isVerbatim: boolean;
}

type Stated<Of, Optional extends keyof Of> = Omit<Of, "kind" | Optional> &
  Partial<Pick<Of, Optional>>;

/** Defines a number. By default JSON lines have the number and text lines do not. */
export function number(
  stated: Stated<NumberField, "isExceptional" | "toSql" | "toJson" | "inLine">,
): NumberField {
  return {
    kind: "number",
    isExceptional: false,
    toSql: same,
    toJson: same,
    inLine: undefined,
    ...stated,
  };
}

/** Defines a text. By default an empty one is NULL, JSON lines have it and text lines do not. */
export function text<Value extends string>(
  stated: Stated<
    TextField<Value>,
    "type" | "limit" | "isVerbatim" | "isExceptional" | "toSql" | "toJson" | "inLine"
  >,
): TextField<Value> {
  return {
    kind: "text",
    type: "TEXT",
    limit: Infinity,
    isVerbatim: false,
    isExceptional: false,
    toSql: textOrNull,
    toJson: same,
    inLine: undefined,
    ...stated,
  };
}

/** For values that need no conversion. */
export const same = <Value>(value: Value): Value => value;

/** For texts that are NULL when empty. */
export const textOrNull = (value: string): string | null => (value === "" ? null : value);
