import type { NamedSourceKey, PlainSource } from "./placeholder-values.ts";

/** A placeholder in a text: `{query.v}` has the source "query" and the name "v". */
export interface Placeholder {
  readonly source: PlainSource | NamedSourceKey;
  /** Empty for sources without names. */
  readonly name: string;
  /** Where its "{" is in the text, in UTF-16 code units from 0. */
  readonly offset: number;
}

/**
 * A text with placeholders, parsed when the configuration is read. Plain data, so that another thread
 * can read the configuration.
 */
export interface ParsedText {
  /** As it is written. */
  readonly text: string;
  /** Literal text, with `{{` as a brace, and placeholders, in order. */
  readonly parts: readonly (string | Placeholder)[];
}
