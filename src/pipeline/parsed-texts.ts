import { isParsedText, type Placeholder } from "./placeholders.ts";

/** A placeholder somewhere in the configuration. */
export interface FoundPlaceholder extends Placeholder {
  /** Keys and indexes that lead to its text. */
  readonly path: readonly (string | number)[];
}

/** All placeholders in the texts of a value of the configuration, and of what is below it. */
export function placeholdersIn(
  value: unknown,
  path: readonly (string | number)[] = [],
): FoundPlaceholder[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => placeholdersIn(item, [...path, index]));
  }
  if (!isParsedText(value)) {
    return Object.entries(value).flatMap(([key, item]) => placeholdersIn(item, [...path, key]));
  }
  return value.parts.flatMap((part) => (typeof part === "string" ? [] : [{ ...part, path }]));
}

/** A placeholder as it is written, without its braces. */
export function writtenPlaceholder({ source, name }: Placeholder): string {
  return name === "" ? source : `${source}.${name}`;
}
