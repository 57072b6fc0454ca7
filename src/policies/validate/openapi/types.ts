import { isMapping, type Mapping } from "../../../units/mapping.ts";

/** Follows a reference to what it is. */
export type Resolve = (value: unknown) => Mapping | undefined;

/** Schemas within schemas that are looked into for a type. */
const DEEPEST = 8;

/** The types that a schema may let a value have; empty if it does not say. */
export function typesOf(schema: unknown, resolve: Resolve, depth = 0): ReadonlySet<string> {
  const types = new Set<string>();
  const own = resolve(schema);
  if (own === undefined || depth > DEEPEST) return types;
  const { type } = own;
  for (const one of [type].flat()) if (typeof one === "string") types.add(one);
  if (types.size > 0) return types;
  for (const value of [own["enum"], [own["const"]]].flat()) {
    if (value !== undefined) types.add(typeOf(value));
  }
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    const parts = own[key];
    if (!Array.isArray(parts)) continue;
    for (const part of parts) for (const one of typesOf(part, resolve, depth + 1)) types.add(one);
  }
  if (types.size === 0 && own["properties"] !== undefined) types.add("object");
  if (types.size === 0 && own["items"] !== undefined) types.add("array");
  return types;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** The schema of a list's items, wherever it stands; undefined if there is none. */
export function itemsOf(schema: unknown, resolve: Resolve): unknown {
  return partsOf(schema, resolve).find(({ items }) => items !== undefined)?.["items"];
}

/** The schemas of an object's members by their names. */
export function propertiesOf(schema: unknown, resolve: Resolve): Mapping {
  const all: Record<string, unknown> = {};
  for (const { properties } of partsOf(schema, resolve)) {
    if (isMapping(properties)) Object.assign(all, properties);
  }
  return all;
}

/** A schema and those that it consists of. */
function partsOf(schema: unknown, resolve: Resolve, depth = 0): Mapping[] {
  const own = resolve(schema);
  if (own === undefined || depth > DEEPEST) return [];
  const parts = ["allOf", "anyOf", "oneOf"].flatMap((key) => own[key]);
  return [
    own,
    ...parts.flatMap((part) => (part === undefined ? [] : partsOf(part, resolve, depth + 1))),
  ];
}

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** What a text of a client may mean by a schema, the likeliest first. */
export function meaningsOf(text: string, types: ReadonlySet<string>): unknown[] {
  const meanings: unknown[] = [];
  if ((types.has("integer") || types.has("number")) && NUMBER.test(text)) {
    meanings.push(Number(text));
  }
  if (types.has("boolean") && (text === "true" || text === "false")) meanings.push(text === "true");
  if (types.has("null") && (text === "" || text === "null")) meanings.push(null);
  if (meanings.length === 0 || types.has("string")) meanings.push(text);
  return meanings;
}

/** The likeliest of them. */
export function meaningOf(text: string, schema: unknown, resolve: Resolve): unknown {
  return meaningsOf(text, typesOf(schema, resolve))[0];
}
