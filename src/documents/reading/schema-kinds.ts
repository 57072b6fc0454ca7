import { KindGuard, type TSchema } from "@sinclair/typebox";
import type { ConfigNode, ScalarNode } from "../text/node.ts";

const NUMBER = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Whether a schema can accept this kind of node at all. */
export function accepts(schema: TSchema, kind: ConfigNode["kind"]): boolean {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.some((form) => accepts(form, kind));
  if (isSection(schema)) return kind === "mapping";
  if (KindGuard.IsArray(schema)) return kind === "list";
  return kind === "scalar";
}

/** A list that one of its items may stand for. */
export function isListOfScalars(schema: TSchema): boolean {
  return KindGuard.IsArray(schema) && accepts(schema.items, "scalar");
}

/** A mapping and nothing else: left empty, it counts as left out. */
export function isSection(schema: TSchema): boolean {
  return KindGuard.IsObject(schema) || KindGuard.IsRecord(schema);
}

/**
 * A scalar's value. Text from the environment becomes a number or a boolean if the schema wants one; a
 * number is taken as it is written by a text's schema with the option `takesNumbers`.
 */
export function scalarAs(schema: TSchema, { origin, value, written }: ScalarNode): unknown {
  if (typeof value === "number" && schema["takesNumbers"] === true) return written;
  if (origin !== "environment" || typeof value !== "string") return value;
  const wanted = KindGuard.IsLiteral(schema) ? typeof schema.const : schema["type"];
  if ((wanted === "number" || wanted === "integer") && NUMBER.test(value)) return Number(value);
  if (wanted === "boolean" && /^(?:true|false)$/i.test(value))
    return value.toLowerCase() === "true";
  return value;
}
