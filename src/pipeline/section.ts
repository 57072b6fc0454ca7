import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { ConfigIssue } from "./policy.ts";

/** What may be missing where something is wrong: any key, and any item of a list. */
export type Checkable<T> = T extends readonly (infer Item)[]
  ? readonly (Checkable<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Checkable<T[Key]> }
    : T;

/** Whether nothing is missing in a part of what is checked. */
export type IsWhole = (part: unknown) => boolean;

/** What stands under one key of the configuration: its form, and what cannot be meant in it. */
export interface Section<Schema extends TSchema = TSchema> {
  readonly schema: Schema;
  /** Asked for what is well-formed, even if not all of it is. */
  check?(this: void, written: Checkable<StaticDecode<Schema>>, isWhole: IsWhole): ConfigIssue[];
}

/**
 * The option `keep` of a text's schema: what the text is parsed to is kept next to it, under a key of
 * its own, so that nobody has to parse it again.
 */
export interface KeptParse {
  readonly as: string;
  /** Answers the parsed form, or what is wrong with the text. */
  parse(this: void, text: string): object | { readonly message: string };
}

/** Holds a check to its schema. */
export function defineSection<Schema extends TSchema>(section: Section<Schema>): Section<Schema> {
  return section;
}

/** The issues of a part, as issues of the whole that has it under `path`. */
export function under(
  path: readonly (string | number)[],
  issues: readonly ConfigIssue[],
): ConfigIssue[] {
  return issues.length === 0
    ? []
    : issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
}
