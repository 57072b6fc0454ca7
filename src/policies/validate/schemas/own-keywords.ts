import { _, type Ajv } from "ajv";
import type { Budget } from "./budget.ts";

/** What it takes to make the text that a value is compared by. */
const STEPS_A_TEXT = 10;
const STEPS_A_CHARACTER = 0.6;
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
  // ajv compares a value with each one that is allowed.
  ajv.removeKeyword("enum");
  ajv.addKeyword({
    keyword: "enum",
    schemaType: "array",
    errors: false,
    error: { message: "", params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}` },
    compile: (values: readonly unknown[]) => isOneOf(values, budget),
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
    const text = comparable(item, budget);
    if (known.has(text)) return false;
    known.add(text);
  }
  return true;
}

function isOneOf(values: readonly unknown[], budget: Budget): (value: unknown) => boolean {
  const isSimple = (value: unknown): boolean => typeof value !== "object" || value === null;
  const simple = new Set(values.filter(isSimple));
  const texts = new Set(values.filter((value) => !isSimple(value)).map(canonical));
  return (value) =>
    isSimple(value) ? simple.has(value) : texts.size > 0 && texts.has(comparable(value, budget));
}

/** `canonical`, at the budget's cost. */
function comparable(value: unknown, budget: Budget): string {
  const text = canonical(value);
  budget.step(STEPS_A_TEXT + text.length * STEPS_A_CHARACTER);
  return text;
}

/** The same text for values that JSON Schema takes for equal: the order of members does not count. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}
