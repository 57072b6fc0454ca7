import { JsonProblem, parseStrictJson } from "../../units/strict-json.ts";

/** Levels of lists and objects in each other: more than data needs, less than stacks have. */
const DEEPEST = 100;

/** The value of JSON text, wrapped; undefined if it is none, or not one that every parser understands alike. */
export function parsed(text: string): unknown {
  try {
    return parseStrictJson(text, DEEPEST);
  } catch (error) {
    if (error instanceof JsonProblem) return undefined;
    throw error;
  }
}

// UTF-8 that is not valid is not replaced, and a byte order mark is not JSON (RFC 8259 section 8.1).
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Content as JSON, or what is wrong with it as a clause: "is not JSON". */
export function jsonOf(
  content: Uint8Array,
): { readonly value: unknown } | { readonly problem: string } {
  let text: string;
  try {
    text = UTF8.decode(content);
  } catch {
    return { problem: "is not valid UTF-8" };
  }
  try {
    return { value: parseStrictJson(text, DEEPEST) };
  } catch (error) {
    if (error instanceof JsonProblem) return { problem: error.message };
    throw error;
  }
}
