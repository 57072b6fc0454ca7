import type { FieldList } from "../../http/field-list.ts";

/** Directives by which an answer is for everyone (RFC 9111 section 5.2.2). */
const FOR_EVERYONE = /^(?:public$|s-maxage(?:=|$))/i;
const ALREADY_PRIVATE = /^(?:private|no-store)$/i;
/** The elements of a list; a comma within quotes parts none. */
const ELEMENTS = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;

/** What an answer's Cache-Control says, directive by directive. */
function directivesOf(fields: FieldList): string[] {
  return (fields.get("cache-control")?.match(ELEMENTS) ?? []).map((directive) => directive.trim());
}

/** Whether an answer says that shared caches may give it to everyone. */
export function isForEveryone(fields: FieldList): boolean {
  const directives = directivesOf(fields);
  return (
    directives.some((directive) => FOR_EVERYONE.test(directive)) &&
    !directives.some((directive) => ALREADY_PRIVATE.test(directive))
  );
}

/** Sees to it that no shared cache gives an answer for one client to others. */
export function keepFromSharedCaches(fields: FieldList): void {
  const directives = directivesOf(fields).filter((directive) => directive !== "");
  if (directives.some((directive) => ALREADY_PRIVATE.test(directive))) return;
  fields.set("Cache-Control", ["private", ...directives].join(", "));
}
