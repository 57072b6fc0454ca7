import { type Field, fieldOf } from "../../../http/field.ts";
import type { Answer } from "../../../pipeline/answer.ts";

/**
 * The fields of an answer's header section. `length` is that of its content, in bytes: undefined if
 * unknown, "none" if it has no content, whatever its fields say. Connection-specific fields are left out
 * where they are encoded.
 */
export function answerFields(
  { fields }: Answer,
  length: number | undefined | "none",
  date: Field,
): Field[] {
  const list: Field[] = [];
  let hasDate = false;
  let hasLength = false;
  const text = typeof length === "number" ? String(length) : undefined;
  for (const field of fields.list) {
    switch (field.name) {
      case "content-length":
        // The same object as before, if it can be, is encoded faster.
        if (hasLength || (length !== "none" && field.value !== text)) continue;
        hasLength = true;
        break;
      case "date":
        hasDate = true;
        break;
      default:
        break;
    }
    list.push(field);
  }
  if (!hasDate) list.push(date);
  if (!hasLength && text !== undefined) list.push(fieldOf("content-length", text));
  return list;
}
