import { DATA, NAME_MAPS, resolved } from "../documents/walk.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";

/** What has no meaning for requests, and may look like a schema. */
const DROPPED: ReadonlySet<string> = new Set([
  "example",
  "examples",
  "externalDocs",
  "xml",
  "discriminator",
  "callbacks",
  "links",
  "securitySchemes",
  "tags",
  "info",
  "webhooks",
]);

/**
 * A copy of a part of an OpenAPI document in which schemas are JSON Schema 2020-12 and every reference is
 * a whole URI. `is30`: the document is of OpenAPI 3.0, whose schemas are a language of their own.
 */
export function converted(value: unknown, base: string, is30: boolean, isNameMap = false): unknown {
  if (Array.isArray(value)) return value.map((item) => converted(item, base, is30));
  if (!isMapping(value)) return value;
  const reference = isNameMap ? undefined : value["$ref"];
  const result: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (isNameMap) result[key] = converted(child, base, is30);
    else if (DATA.has(key) && !DROPPED.has(key)) result[key] = child;
    else if (!DROPPED.has(key) && !key.startsWith("x-")) {
      result[key] = converted(child, base, is30, NAME_MAPS.has(key));
    }
  }
  if (typeof reference === "string") {
    const whole = resolved(reference, base) ?? reference;
    // Next to a reference nothing counts in 3.0.
    if (is30) return { $ref: whole };
    result["$ref"] = whole;
  }
  return is30 && !isNameMap ? as2020(result) : result;
}

/** The keywords that mean something else in OpenAPI 3.0. */
function as2020(schema: Record<string, unknown>): Mapping {
  const { type, nullable } = schema;
  // Without a type it means nothing (OpenAPI 3.0.3 section 4.7.24.1).
  if (nullable === true && typeof type === "string") schema["type"] = [type, "null"];
  if (typeof nullable === "boolean") delete schema["nullable"];
  for (const [exclusive, limit] of LIMITS) {
    if (typeof schema[exclusive] !== "boolean") continue;
    const isExclusive = schema[exclusive];
    delete schema[exclusive];
    if (!isExclusive || typeof schema[limit] !== "number") continue;
    schema[exclusive] = schema[limit];
    delete schema[limit];
  }
  return schema;
}

const LIMITS = [
  ["exclusiveMinimum", "minimum"],
  ["exclusiveMaximum", "maximum"],
] as const;

/**
 * Has requests not asked for what only answers have: a member that is `readOnly` is not required of them.
 * `isReadOnly` follows references.
 */
export function withoutReadOnly(value: unknown, isReadOnly: (schema: unknown) => boolean): void {
  if (Array.isArray(value)) {
    for (const item of value) withoutReadOnly(item, isReadOnly);
    return;
  }
  if (!isMapping(value)) return;
  const { required, properties } = value;
  if (Array.isArray(required) && isMapping(properties)) {
    const left = required.filter(
      (name) => typeof name !== "string" || !isReadOnly(properties[name]),
    );
    (value as Record<string, unknown>)["required"] = left;
  }
  for (const [key, child] of Object.entries(value)) {
    if (!DATA.has(key)) withoutReadOnly(child, isReadOnly);
  }
}
