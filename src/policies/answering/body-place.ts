import type { ParsedText, TextPlace } from "../../pipeline/placeholders.ts";
import { TextProblem } from "../../pipeline/section.ts";
import { asText, inJsonString, inMarkup } from "../../pipeline/text-places.ts";

const JSON_TYPE = /^[^;]*[/+]json\s*(?:;|$)/i;
const MARKUP_TYPE = /^[^;]*(?:\/html|[/+]xml)\s*(?:;|$)/i;
const SCRIPT_TYPE = /^[^;]*(?:javascript|ecmascript)\s*(?:;|$)/i;

/** How values are encoded in content of a type. */
export function bodyPlace(type: string): TextPlace {
  if (JSON_TYPE.test(type)) return inJsonString;
  // A type that depends on the request may be one in which text can do harm.
  if (type === "" || MARKUP_TYPE.test(type)) return inMarkup;
  return SCRIPT_TYPE.test(type) ? inJsonString : asText;
}

/** Whether a text is a JSON object or list. */
export function isJson(parsed: ParsedText): boolean {
  const text = parsed.parts.map((part) => (typeof part === "string" ? part : "")).join("");
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return unquotedInJson(parsed, "application/json") === undefined;
  } catch {
    return false;
  }
}

/** The first placeholder of a JSON text that is not within a string; undefined if there is none. */
export function unquotedInJson({ parts }: ParsedText, type: string): TextProblem | undefined {
  if (!JSON_TYPE.test(type)) return undefined;
  let isQuoted = false;
  for (const part of parts) {
    if (typeof part === "string") {
      for (const [mark] of part.matchAll(/\\.|"/gs)) if (mark === '"') isQuoted = !isQuoted;
    } else if (!isQuoted) {
      return new TextProblem(
        "a placeholder in JSON stands in quotes: its value could be anything",
        part.offset,
      );
    }
  }
  return undefined;
}
