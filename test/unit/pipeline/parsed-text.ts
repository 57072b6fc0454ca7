import { parsePlaceholders, type ParsedText } from "../../../src/pipeline/placeholders.ts";
import { TextProblem } from "../../../src/pipeline/section.ts";

/** A valid text with placeholders. */
export function parsedText(text: string): ParsedText {
  const found = parsePlaceholders(text);
  if (found instanceof TextProblem) throw found;
  return found;
}
