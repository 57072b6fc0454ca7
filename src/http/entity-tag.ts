import type { FieldList } from "./field-list.ts";

/** A list of entity tags, each in quotes and perhaps weak (RFC 9110 section 8.8.3), or what is between commas. */
const TAGS = /(?:W\/)?"[^"]*"|[^\s,"]+/g;

/** Whether an If-None-Match field matches an entity tag, which is compared weakly (RFC 9110 section 13.1.2). */
export function matchesEntityTag(ifNoneMatch: string, etag: string): boolean {
  const wanted = opaque(etag);
  for (const [tag] of ifNoneMatch.matchAll(TAGS)) if (opaque(tag) === wanted) return true;
  return false;
}

/** Whether two entity tags are the same and neither is weak (RFC 9110 section 8.8.3.2). */
export function isSameStrongly(one: string, other: string): boolean {
  return one === other && !one.startsWith("W/");
}

/** Whether two entity tags are the same, weak or not. */
export function isSameWeakly(one: string, other: string): boolean {
  return opaque(one) === opaque(other);
}

/** A strong entity tag as a weak one (RFC 9110 section 8.8.3); undefined for any other text. */
export function weakened(tag: string): string | undefined {
  return STRONG.test(tag) ? `W/${tag}` : undefined;
}

/** Makes an answer's tag a weak one: its bytes are not those that were tagged (RFC 9110 section 8.8.1). */
export function weakenTag(fields: FieldList): void {
  const tag = fields.get("etag");
  const weak = tag === null ? undefined : weakened(tag);
  if (weak !== undefined) fields.set("ETag", weak);
}

/** Whether a list of entity tags, such as If-None-Match, has this one, in the same form. */
export function listsTag(list: string, tag: string): boolean {
  return list.match(QUOTED)?.includes(tag) === true;
}

/** A list of entity tags with strong ones in place of weak ones. */
export function strengthened(list: string): string {
  return list.replaceAll(QUOTED, opaque);
}

const STRONG = /^"[^"]*"$/;
const QUOTED = /(?:W\/)?"[^"]*"/g;

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
