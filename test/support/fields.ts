import { type Field, fieldOf } from "../../src/http/field.ts";

/** Fields of names, each followed by its value. */
export function fieldsOf(...namesAndValues: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < namesAndValues.length; at += 2) {
    fields.push(fieldOf(namesAndValues[at]!, namesAndValues[at + 1]!));
  }
  return fields;
}

/** The names of fields in lower case, each followed by its value. */
export function flat(fields: readonly Field[]): string[] {
  return fields.flatMap(({ name, value }) => [name, value]);
}

/** Fields as HTTP/1.1 sends them. */
export function linesOf(fields: readonly Field[]): string {
  return fields.map(({ line }) => line).join("");
}
