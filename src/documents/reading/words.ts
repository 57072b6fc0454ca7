import { KindGuard, type TSchema } from "@sinclair/typebox";
import type { ConfigNode } from "../text/node.ts";

const LONGEST_QUOTE = 40;

/** Describes what a schema accepts: its own `expected`, or its kind and limits. */
export function expectedBy(schema: TSchema): string {
  if (typeof schema["expected"] === "string") return schema["expected"];
  if (KindGuard.IsUnion(schema)) {
    const [...forms] = new Set(schema.anyOf.map(expectedBy));
    return schema.anyOf.every((form) => KindGuard.IsLiteral(form))
      ? `one of ${either(forms)}`
      : either(forms);
  }
  if (KindGuard.IsInteger(schema)) return `a whole number${range(schema)}`;
  if (KindGuard.IsNumber(schema)) return `a number${range(schema)}`;
  if (KindGuard.IsString(schema)) return text(schema);
  if (KindGuard.IsLiteral(schema)) return code(String(schema.const));
  if (KindGuard.IsBoolean(schema)) return "true or false";
  if (KindGuard.IsArray(schema)) return "a list";
  if (KindGuard.IsObject(schema) || KindGuard.IsRecord(schema)) return "a mapping";
  return "another value";
}

/** Describes how many items a list may have. */
export function expectedCount(schema: { minItems?: number; maxItems?: number }): string {
  return `a list${count({ least: schema.minItems ?? 0, most: schema.maxItems }, "item")}`;
}

/**
 * Describes what was found. A value from the environment is called by its variable, never shown, and a
 * secret by its kind.
 */
export function describe(node: ConfigNode): string {
  if (node.kind === "mapping") return node.entries.size === 0 ? "an empty mapping" : "a mapping";
  if (node.kind === "list") return node.items.length === 0 ? "an empty list" : "a list";
  if (node.origin === "secret" && node.value !== "") return kindOf(node.value);
  if (node.origin === "environment") return `the value of ${code(shorten(node.written))}`;
  if (typeof node.value !== "string") return node.written;
  return node.value === "" ? "empty text" : `the text ${JSON.stringify(shorten(node.value))}`;
}

/** The same for a value that is a secret. */
export function describeSecret(node: ConfigNode): string {
  const isQuoted = node.kind === "scalar" && node.origin === "text" && node.value !== "";
  return isQuoted ? kindOf(node.value) : describe(node);
}

function kindOf(value: unknown): string {
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

/** "a, b or c" */
function either(choices: readonly string[]): string {
  return new Intl.ListFormat("en-GB", { type: "disjunction" }).format(choices);
}

/** "a, b and c" */
export function together(parts: readonly string[]): string {
  return new Intl.ListFormat("en-GB", { type: "conjunction" }).format(parts);
}

export function code(name: string): string {
  return `\`${name}\``;
}

interface Limits {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Limits): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const limits = [
    minimum === undefined ? [] : `of at least ${minimum}`,
    exclusiveMinimum === undefined ? [] : `above ${exclusiveMinimum}`,
    maximum === undefined ? [] : `of at most ${maximum}`,
    exclusiveMaximum === undefined ? [] : `below ${exclusiveMaximum}`,
  ].flat();
  return limits.length === 0 ? "" : ` ${together(limits)}`;
}

function text(schema: { minLength?: number; maxLength?: number; pattern?: string }): string {
  const { minLength = 0, maxLength, pattern } = schema;
  if (pattern !== undefined) return `text that matches ${pattern}`;
  if (minLength === 1 && maxLength === undefined) return "text";
  return `text${count({ least: minLength, most: maxLength }, "character")}`;
}

function count({ least, most }: { least: number; most: number | undefined }, unit: string): string {
  const plural = (number: number) => `${number} ${unit}${number === 1 ? "" : "s"}`;
  if (most === undefined) return least === 0 ? "" : ` of at least ${plural(least)}`;
  return least === 0 ? ` of at most ${plural(most)}` : ` of ${least} to ${plural(most)}`;
}

function shorten(text: string): string {
  const characters = Array.from(text);
  if (characters.length <= LONGEST_QUOTE) return text;
  return `${characters.slice(0, LONGEST_QUOTE - 1).join("")}…`;
}
