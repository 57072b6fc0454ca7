import { isMapping } from "../units/mapping.ts";

/** What a provider knows of a client, by name. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * A claim by its whole name, or by the way to it in claims that hold others: "realm_access.roles".
 * Undefined if there is none.
 */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  const dot = name.indexOf(".");
  if (dot === -1) return undefined;
  const holder = name.slice(0, dot);
  const below = Object.hasOwn(claims, holder) ? claims[holder] : undefined;
  return isMapping(below) ? claimOf(below, name.slice(dot + 1)) : undefined;
}

/** A claim's value as text; a list's items are joined by ",". */
export function claimText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.map(claimText).join(",");
  return isMapping(value) ? JSON.stringify(value) : "";
}

/** The items of a claim that is a list, as texts; undefined for other claims. */
export function claimItems(claims: Claims | undefined, name: string): string[] | undefined {
  const claim = claims === undefined ? undefined : claimOf(claims, name);
  return Array.isArray(claim) ? claim.map(claimText) : undefined;
}
