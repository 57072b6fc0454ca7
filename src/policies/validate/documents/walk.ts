import { isMapping, type Mapping } from "../../../units/mapping.ts";

/** Keys whose values have names that the document chooses. */
export const NAME_MAPS: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
  // Of OpenAPI.
  "paths",
  "schemas",
  "parameters",
  "requestBodies",
  "headers",
  "responses",
  "pathItems",
  "content",
  "encoding",
  "variables",
  "mapping",
]);

/** Keys whose values are data, even if it looks like a schema. */
export const DATA: ReadonlySet<string> = new Set([
  "const",
  "enum",
  "default",
  "example",
  "examples",
]);

export type Path = readonly (string | number)[];

/** Visits everything in a document that may be a schema; `base` is the URI that it belongs to. */
export function walk(
  value: unknown,
  base: string,
  visit: (node: Mapping, base: string, path: Path) => void,
  path: Path = [],
  isNameMap = false,
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, base, visit, [...path, index]);
    return;
  }
  if (!isMapping(value)) return;
  let own = base;
  if (!isNameMap) {
    own = withId(value, base);
    visit(value, own, path);
  }
  for (const [key, child] of Object.entries(value)) {
    if (typeof child !== "object" || child === null || (!isNameMap && DATA.has(key))) continue;
    walk(child, own, visit, [...path, key], !isNameMap && NAME_MAPS.has(key));
  }
}

/** The URI that references in a schema are relative to. */
function withId(node: Mapping, base: string): string {
  const id = node["$id"];
  return typeof id === "string" ? (resolved(id, base) ?? base) : base;
}

/** A reference as a whole URI, its fragment included; undefined if it is none. */
export function resolved(reference: string, base: string): string | undefined {
  return URL.parse(reference, base)?.href;
}

/** A URI without its fragment, and that. */
export function split(uri: string): { readonly document: string; readonly fragment: string } {
  const hash = uri.indexOf("#");
  return hash === -1
    ? { document: uri, fragment: "" }
    : { document: uri.slice(0, hash), fragment: uri.slice(hash + 1) };
}
