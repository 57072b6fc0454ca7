import { _, type Ajv } from "ajv";
import type { Budget } from "./budget.ts";

/** Of the texts that items are compared by, as many as take as long to make as a call. */
const CHARACTERS_A_CALL = 16;
/** 19.99 / 0.01 is 1998.9999999999998. */
const NEARLY = 1e-9;

/** Replaces keywords of ajv that strangers' data can make very slow, or that are not exact. */
export function replaceKeywords(ajv: Ajv, budget: Budget): void {
  // ajv compares each item with each other one: for a megabyte of `{}` that takes hours.
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    errors: false,
    validate: (isWanted: boolean, items: readonly unknown[]) =>
      !isWanted || areUnique(items, budget),
  });
  // ajv either refuses what is a multiple in decimals, or accepts what is too large to tell.
  ajv.removeKeyword("multipleOf");
  ajv.addKeyword({
    keyword: "multipleOf",
    type: "number",
    schemaType: "number",
    errors: false,
    error: { message: "", params: ({ schemaCode }) => _`{multipleOf: ${schemaCode}}` },
    validate: isMultiple,
  });
}

function isMultiple(divisor: number, value: number): boolean {
  const quotient = value / divisor;
  return Number.isFinite(quotient) && Math.abs(quotient - Math.round(quotient)) < NEARLY;
}

function areUnique(items: readonly unknown[], budget: Budget): boolean {
  const known = new Set<string>();
  for (const item of items) {
    const text = canonical(item);
    budget.call(1 + text.length / CHARACTERS_A_CALL);
    if (known.has(text)) return false;
    known.add(text);
  }
  return true;
}

/** The same text for values that JSON Schema takes for equal: the order of members does not count. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}
