import { Type } from "@sinclair/typebox";
import type { Exchange } from "../../../pipeline/exchange.ts";
import { type ParsedText, parsePlaceholders, Template } from "../../../pipeline/placeholders.ts";
import { TextProblem } from "../../../pipeline/section.ts";
import { asText } from "../../../pipeline/text-places.ts";
import type { JsonValue } from "./plan.ts";

/** A value as JSON text, in pieces: what is always the same, and texts with placeholders. */
export interface JsonPieces {
  readonly json: readonly (string | ParsedText)[];
}

/** Any value of the configuration, whose texts may have placeholders. */
export const JsonValueText = Type.Transform(Type.Unknown())
  .Decode((value): JsonPieces => {
    const pieces: (string | ParsedText)[] = [];
    addPieces(value, pieces, 0);
    return { json: joinedPieces(pieces) };
  })
  .Encode(() => null);

const DEEPEST = 100;

function addPieces(value: unknown, pieces: (string | ParsedText)[], depth: number): void {
  if (depth > DEEPEST) throw new Error(`at most ${DEEPEST} lists and mappings can be nested here`);
  if (typeof value === "string") {
    const parsed = parsePlaceholders(value);
    if (parsed instanceof TextProblem) {
      // Of a text that is only a part of the value, the place is not known.
      throw depth === 0 ? parsed : new Error(`in ${JSON.stringify(value)}: ${parsed.message}`);
    }
    const { constant } = new Template(parsed, asText);
    pieces.push(constant === undefined ? parsed : JSON.stringify(constant));
  } else if (Array.isArray(value)) {
    pieces.push("[");
    for (const [index, item] of value.entries()) {
      if (index > 0) pieces.push(",");
      addPieces(item, pieces, depth + 1);
    }
    pieces.push("]");
  } else if (typeof value === "object" && value !== null) {
    pieces.push("{");
    for (const [index, [name, member]] of Object.entries(value).entries()) {
      pieces.push(`${index > 0 ? "," : ""}${JSON.stringify(name)}:`);
      addPieces(member, pieces, depth + 1);
    }
    pieces.push("}");
  } else {
    if (typeof value === "number") checkNumber(value);
    pieces.push(JSON.stringify(value));
  }
}

function checkNumber(value: number): void {
  if (!Number.isFinite(value)) throw new Error(`JSON has no number like ${value}`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Error("a number of this size would not be kept exactly; as text, put it in quotes");
  }
}

function joinedPieces(pieces: readonly (string | ParsedText)[]): (string | ParsedText)[] {
  const joined: (string | ParsedText)[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (typeof piece === "string" && typeof last === "string") {
      joined[joined.length - 1] = last + piece;
    } else joined.push(piece);
  }
  return joined;
}

/** The value to set, made once if it is always the same. */
export function jsonValue({ json }: JsonPieces): JsonValue<Exchange> {
  const [only = ""] = json;
  if (json.length <= 1 && typeof only === "string") return Buffer.from(only);
  const parts = json.map((piece) =>
    typeof piece === "string" ? piece : new Template(piece, asText),
  );
  return (exchange) => {
    let text = "";
    for (const part of parts) {
      text += typeof part === "string" ? part : JSON.stringify(part.text(exchange));
    }
    return Buffer.from(text);
  };
}
