import { KindGuard, type TObject, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { ConfigNode } from "../text/node.ts";
import { closest, homeOf } from "./suggest.ts";
import { code, describe, expectedBy, together } from "./words.ts";

const MOST_KEYS_LISTED = 8;

/** Says what was expected and what is there instead. */
export function mismatch(schema: TSchema, node: ConfigNode): string {
  const message = `expected ${expectedBy(schema)}, got ${describe(node)}`;
  if (node.kind !== "scalar" || node.origin !== "text") return message;
  const forms: TSchema[] = KindGuard.IsUnion(schema) ? schema.anyOf : [schema];
  const literals = forms.filter((form) => KindGuard.IsLiteral(form));
  const near = closest(
    node.written,
    literals.map((literal) => String(literal.const)),
  );
  if (near !== undefined) return `${message}; did you mean ${code(near)}?`;
  // Of text in words of its own only a pattern says whether a number could be meant.
  const isTextWanted = !("expected" in schema) || "pattern" in schema;
  const isUnquoted =
    isTextWanted && typeof node.value !== "string" && Value.Check(schema, node.written);
  return isUnquoted ? `${message}; put it in quotes` : message;
}

/** Says that a key is not known, and which one was probably meant. */
export function unknownKey(
  key: string,
  schema: TObject,
  trail: readonly string[],
  whole: TSchema,
): { message: string; meant: string | undefined } {
  const keys = Object.keys(schema.properties);
  const meant = closest(key, keys);
  const message = `unknown key ${code(key)}`;
  if (meant !== undefined) return { message: `${message}, did you mean ${code(meant)}?`, meant };
  const home = homeOf(key, trail, whole);
  if (home !== undefined) return { message: `${message}, it belongs ${home}`, meant };
  if (keys.length === 0 || keys.length > MOST_KEYS_LISTED) return { message, meant };
  const valid = `valid ${keys.length === 1 ? "is" : "are"} ${together(keys.map(code))}`;
  return { message: `${message}; ${valid}`, meant };
}

export function missingKeys(
  keys: readonly string[],
  schema: TObject,
  trail: readonly string[],
): string {
  const where = trail.length === 0 ? " at the top level" : "";
  const [only = "", ...others] = keys;
  if (others.length > 0) return `missing keys ${together(keys.map(code))}${where}`;
  const expected: unknown = schema.properties[only]?.["expected"];
  const what = typeof expected === "string" ? `; expected ${expected}` : "";
  return `missing key ${code(only)}${where}${what}`;
}
