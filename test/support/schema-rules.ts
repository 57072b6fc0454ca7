import { KindGuard, type TSchema } from "@sinclair/typebox";

/**
 * Why a schema cannot be explained by the reference or would miss a mistyped key, as sentences; none
 * for a good schema. `name` is the schema's key.
 */
export function schemaProblems(name: string, schema: TSchema): string[] {
  const problems = formProblems(name, schema);
  if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name.split(".").at(-1) ?? "")) {
    problems.push(`${name} is not written in snake_case`);
  }
  if (schema.description?.endsWith(".") !== true) {
    problems.push(`${name} has no description that is a sentence`);
  }
  return problems;
}

/** The same for one form of a value, which needs no description. */
function formProblems(name: string, schema: TSchema): string[] {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap((form) => formProblems(name, form));
  if (KindGuard.IsArray(schema)) return formProblems(name, schema.items);
  if (KindGuard.IsRecord(schema)) {
    return Object.values(schema.patternProperties).flatMap((form) => formProblems(name, form));
  }
  if (!KindGuard.IsObject(schema)) return [];
  const open = schema.additionalProperties === false ? [] : [`${name} takes unknown keys`];
  return [
    ...open,
    ...Object.entries(schema.properties).flatMap(([key, property]) =>
      schemaProblems(`${name}.${key}`, property),
    ),
  ];
}
