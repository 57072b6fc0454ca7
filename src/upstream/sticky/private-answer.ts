import type { FieldList } from "../../http/field-list.ts";

/** Directives that let shared caches keep an answer, or mean something only to them (RFC 9111 section 5.2.2). */
const FOR_SHARED_CACHES = /^(?:public|s-maxage|proxy-revalidate)(?:=|$)/i;
const ALREADY_PRIVATE = /^(?:private|no-store)$/i;
/** The elements of a list; a comma within quotes parts none. */
const ELEMENTS = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;

/** Sees to it that no shared cache gives an answer for one client to others. */
export function keepFromSharedCaches(fields: FieldList): void {
  const directives = (fields.get("cache-control")?.match(ELEMENTS) ?? [])
    .map((directive) => directive.trim())
    .filter((directive) => directive !== "");
  if (directives.some((directive) => ALREADY_PRIVATE.test(directive))) return;
  const others = directives.filter((directive) => !FOR_SHARED_CACHES.test(directive));
  fields.set("Cache-Control", ["private", ...others].join(", "));
}
