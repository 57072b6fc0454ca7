import type { ValidationError } from "elysia";
import { closest } from "../../../units/closest.ts";
import { printable } from "../../../units/printable.ts";

/** Says what is wrong with a request, by the first thing found, and what would be right. */
export function whatIsInvalid({ all, type }: ValidationError): string {
  const [first] = all;
  const isQuery = type === "query";
  if (first === undefined || !("path" in first)) return "the content is not what is expected";
  const { path, message, schema } = first as Found;
  const key = printable(path.slice(1).replaceAll("/", "."));
  if (key === "") return `the content is not what is expected: ${message}`;
  const where = isQuery ? `parameter ${key}` : key;
  if (message === "Unexpected property" && schema.properties !== undefined) {
    const names = Object.keys(schema.properties);
    const meant = closest(key, names);
    const those = names.length === 0 ? "there are none here" : `there are ${names.join(", ")}`;
    return `there is no ${where}; ${meant === undefined ? those : `did you mean ${meant}?`}`;
  }
  const values = schema.anyOf?.flatMap(({ const: value }) => (value === undefined ? [] : [value]));
  const isList =
    values !== undefined && values.length > 0 && values.length === schema.anyOf?.length;
  const what = isList ? values.join(", ") : schema.description;
  if (message === "Expected required property") {
    return `${where} is missing${what === undefined ? "" : `: ${what}`}`;
  }
  return what === undefined ? `${where}: ${message}` : `${where} cannot be that: ${what}`;
}

/** What TypeBox finds, as far as it is used. */
interface Found {
  readonly path: string;
  readonly message: string;
  readonly schema: {
    readonly description?: string;
    readonly properties?: object;
    readonly anyOf?: readonly { readonly const?: string }[];
  };
}
