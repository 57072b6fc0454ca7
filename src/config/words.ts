import { Kind, type TSchema } from "@sinclair/typebox";
import { closest, distance } from "fastest-levenshtein";

/** What a value must be, in words that follow "expected". */
export function expectation(schema: TSchema): string {
  const { expected } = schema;
  if (typeof expected === "string") return expected;
  const literals = literalsOf(schema);
  if (literals !== undefined) return `one of ${literals.map((text) => `\`${text}\``).join(", ")}`;
  switch (schema[Kind]) {
    case "String":
      return "text";
    case "Boolean":
      return "true or false";
    case "Integer":
      return `a whole number${range(schema)}`;
    case "Number":
      return `a number${range(schema)}`;
    case "Array":
      return "a list";
    case "Object":
      return "a mapping of keys to values";
    default:
      return "something else";
  }
}

function range({ minimum, maximum, exclusiveMinimum }: TSchema): string {
  if (typeof minimum === "number" && typeof maximum === "number")
    return ` from ${minimum} to ${maximum}`;
  if (typeof minimum === "number") return ` of at least ${minimum}`;
  if (typeof maximum === "number") return ` of at most ${maximum}`;
  return typeof exclusiveMinimum === "number" ? ` above ${exclusiveMinimum}` : "";
}

/** The texts that a union of literals allows; undefined for any other schema. */
export function literalsOf(schema: TSchema): string[] | undefined {
  if (schema[Kind] !== "Union") return undefined;
  const variants: readonly TSchema[] = schema["anyOf"];
  return variants.every((variant) => variant[Kind] === "Literal")
    ? variants.map((variant) => String(variant["const"]))
    : undefined;
}

/** A value, in words that follow "got". */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string"
    ? `the text ${JSON.stringify(shorten(value))}`
    : JSON.stringify(value);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** ", did you mean `x`?", or where nothing is near, what there is to choose from. */
export function suggestKey(written: string, known: readonly string[]): string {
  const nearest = nearestOf(written, known);
  if (nearest !== undefined) return `, did you mean \`${nearest}\`?`;
  return known.length > 0 && known.length <= 8
    ? `; there are ${known.map((key) => `\`${key}\``).join(", ")}`
    : "";
}

/** The known word that was probably meant; undefined when none is near. */
export function nearestOf(written: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(written, known);
  return distance(written, nearest) <= Math.max(2, Math.floor(written.length / 3))
    ? nearest
    : undefined;
}
