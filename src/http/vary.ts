import type { FieldList } from "./field-list.ts";
import { listWith } from "./fields.ts";

/** Adds a request field's name to an answer's Vary (RFC 9110 section 12.5.5), unless it is there. */
export function addToVary(fields: FieldList, name: string): void {
  const present = fields.get("vary");
  const known = present?.split(",").some((part) => {
    const field = part.trim().toLowerCase();
    return field === "*" || field === name.toLowerCase();
  });
  if (known !== true) fields.set("Vary", listWith(present, name));
}
