import { readKeptContent } from "../../pipeline/kept-content.ts";
import { printable } from "../../units/printable.ts";
import { bytesText } from "../stats/numbers.ts";

/** What a row has kept of content, for people: what it is, and its text. Nothing for an empty column. */
export function contentLines(column: unknown): string[] {
  if (column === null || column === undefined || column === "") return [];
  const content = typeof column === "string" ? readKeptContent(column) : undefined;
  if (content === undefined) return linesOf(column);
  const { type, encoding, bytes, text, base64, cut, redacted } = content;
  const about = [
    type === "" ? "without a type" : type,
    bytesText(bytes),
    ...(encoding === undefined ? [] : [`sent as ${encoding}`]),
    ...(base64 === undefined ? [] : ["as base64"]),
    ...(cut === true ? ["cut"] : []),
    ...(redacted === true ? ["redacted"] : []),
    ...((text ?? base64) === undefined ? ["not kept"] : []),
  ];
  return [`(${about.map(printable).join(", ")})`, ...linesOf(indented(text) ?? base64)];
}

/** JSON that is whole on lines of its own; any other text as it is. */
function indented(text: string | undefined): string | undefined {
  if (text === undefined || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Each line on its own; other control characters are escaped. */
export function linesOf(value: unknown): string[] {
  if (value === undefined || value === null || value === "") return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return text.split(/\r?\n/).map(printable);
}
