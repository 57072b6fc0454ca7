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

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
