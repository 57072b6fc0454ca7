/** Values by name, of which nothing is known yet: a JSON object, a YAML mapping, a token's claims. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a value has names: neither null nor a list. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
