import { KindGuard, type TLiteral, type TSchema, type TUnion, Type } from "@sinclair/typebox";
import type { ConfigNode, ScalarNode } from "../text/node.ts";

const NUMBER = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Whether a schema has a form for such nodes at all. */
export function accepts(schema: TSchema, kind: ConfigNode["kind"]): boolean {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.some((form) => accepts(form, kind));
  if (isSection(schema)) return kind === "mapping";
  if (KindGuard.IsArray(schema)) return kind === "list";
  return kind === "scalar" || isOpen(schema);
}

/** A mapping and nothing else: left empty, it is as good as left out. */
export function isSection(schema: TSchema): boolean {
  return KindGuard.IsObject(schema) || KindGuard.IsRecord(schema);
}

/** Whether an empty value is a value. */
export function acceptsNothing(schema: TSchema): boolean {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.some(acceptsNothing);
  return KindGuard.IsNull(schema) || isOpen(schema);
}

function isOpen(schema: TSchema): boolean {
  return KindGuard.IsAny(schema) || KindGuard.IsUnknown(schema);
}

/** A scalar's value; text from the environment becomes a number or boolean where one is wanted. */
export function scalarAs(schema: TSchema, { origin, value }: ScalarNode): unknown {
  if (origin !== "environment" || typeof value !== "string") return value;
  const wanted = KindGuard.IsLiteral(schema) ? typeof schema.const : schema["type"];
  if ((wanted === "number" || wanted === "integer") && NUMBER.test(value)) return Number(value);
  if (wanted === "boolean" && /^(?:true|false)$/i.test(value))
    return value.toLowerCase() === "true";
  return value;
}

export interface Tag {
  readonly key: string;
  readonly choices: TUnion<TLiteral[]>;
  formOf(value: unknown): TSchema | undefined;
}

/** The key by whose value several mappings are told apart, as in `type: dns`. */
export function tagOf(forms: readonly TSchema[]): Tag | undefined {
  const [first, second] = forms;
  if (first === undefined || second === undefined || !KindGuard.IsObject(first)) return undefined;
  for (const key of Object.keys(first.properties)) {
    const literals = forms.flatMap((form) => literalAt(form, key) ?? []);
    if (literals.length < forms.length) continue;
    return {
      key,
      choices: Type.Union(literals),
      formOf: (value) => forms.find((form) => literalAt(form, key)?.const === value),
    };
  }
  return undefined;
}

function literalAt(form: TSchema, key: string): TLiteral | undefined {
  if (!KindGuard.IsObject(form) || !Object.hasOwn(form.properties, key)) return undefined;
  const property = form.properties[key];
  return property !== undefined && KindGuard.IsLiteral(property) ? property : undefined;
}
