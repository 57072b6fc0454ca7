import { isParsedText, type ParsedText, type Placeholder } from "./placeholders.ts";

/** A text somewhere in the configuration. */
interface FoundText extends ParsedText {
  /** Keys and indexes that lead to it. */
  readonly path: readonly (string | number)[];
}

/** A placeholder somewhere in the configuration. */
export interface FoundPlaceholder extends Placeholder {
  /** Keys and indexes that lead to its text. */
  readonly path: readonly (string | number)[];
}

/** All texts that are, or are below, a value of the configuration. */
export function textsIn(value: unknown, path: readonly (string | number)[] = []): FoundText[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => textsIn(item, [...path, index]));
  }
  if (isParsedText(value)) return [{ ...value, path }];
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, [...path, key]));
}

/** All placeholders in those texts. */
export function placeholdersIn(value: unknown): FoundPlaceholder[] {
  return textsIn(value).flatMap(({ parts, path }) =>
    parts.flatMap((part) => (typeof part === "string" ? [] : [{ ...part, path }])),
  );
}

/** A placeholder as it is written, without its braces. */
export function writtenPlaceholder({ source, name }: Placeholder): string {
  return name === "" ? source : `${source}.${name}`;
}
