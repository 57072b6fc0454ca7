import { type CacheDirectives, parseCacheControl } from "./cache-control.ts";
import type { FieldList } from "./field-list.ts";

/** Whether an answer says that shared caches may give it to everyone (RFC 9111 section 5.2.2). */
export function isForEveryone(fields: FieldList): boolean {
  const says = parseCacheControl(fields.get("cache-control"));
  return (says.get("public") === "" || says.has("s-maxage")) && !isForNobodyElse(says);
}

/** Sees to it that no shared cache gives an answer for one client to others. */
export function keepFromSharedCaches(fields: FieldList): void {
  const written = fields.get("cache-control");
  const says = parseCacheControl(written);
  if (isForNobodyElse(says)) return;
  fields.set("Cache-Control", says.size === 0 ? "private" : `private, ${written}`);
}

/** `private` with names of fields is about these alone. */
function isForNobodyElse(says: CacheDirectives): boolean {
  return says.get("private") === "" || says.has("no-store");
}
