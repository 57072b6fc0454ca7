import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { ConfigIssue } from "./policy.ts";

/** A value with errors: any key and any list item may be missing. */
export type Checkable<T> = T extends readonly (infer Item)[]
  ? readonly (Checkable<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Checkable<T[Key]> }
    : T;

/** Whether a part of the checked value is complete. */
export type IsWhole = (part: unknown) => boolean;

/** What is valid under one key of the configuration: its schema, and checks beyond it. */
export interface Section<Schema extends TSchema = TSchema> {
  readonly schema: Schema;
  /** Called with the well-formed parts of the value. */
  check?(this: void, written: Checkable<StaticDecode<Schema>>, isWhole: IsWhole): ConfigIssue[];
}

interface ParseProblem {
  readonly message: string;
  /** Where in the text the problem starts, in UTF-16 code units from 0. */
  readonly offset?: number;
}

/** Why a text is invalid, and where; to be thrown where a schema decodes it. */
export class TextProblem extends Error {
  /** Where in the text the problem starts, in UTF-16 code units from 0. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "TextProblem";
    this.offset = offset;
  }
}

/**
 * The option `keep` of a text's schema: the text is parsed when it is read, and the result is kept next
 * to it under another key.
 */
export interface KeptParse {
  readonly as: string;
  /** Returns the parsed form, or why the text is invalid. */
  parse(this: void, text: string): object | ParseProblem;
}

/** Checks a function's types against its schema. */
export function defineSection<Schema extends TSchema>(section: Section<Schema>): Section<Schema> {
  return section;
}

/** Prefixes the paths of issues. */
export function under(
  path: readonly (string | number)[],
  issues: readonly ConfigIssue[],
): ConfigIssue[] {
  return issues.length === 0
    ? []
    : issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
}
