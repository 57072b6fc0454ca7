import { printableJson } from "../units/printable.ts";

/** Content of a request or an answer, as rows keep it: as JSON, with these members. */
export interface KeptContent {
  /** The Content-Type field; empty without one. */
  readonly type: string;
  /** The Content-Encoding field, if it has one. The text is without it. */
  readonly encoding?: string;
  /** Bytes of the content that have passed, all of them and as encoded. */
  readonly bytes: number;
  /** Its beginning, redacted; absent for content that is not kept, by its type. */
  readonly text?: string;
  /** In place of that: the beginning of binary content, not redacted. */
  readonly base64?: string;
  /** Whether there was more, or the content broke off. */
  readonly cut?: true;
  /** Whether something in the text was replaced by `[redacted]`. */
  readonly redacted?: true;
}

/** As JSON without characters that could harm a terminal. */
export function writeKeptContent(content: KeptContent): string {
  return printableJson(content);
}

/** Undefined if a column has something else. */
export function readKeptContent(
  column: string | number | null | undefined,
): KeptContent | undefined {
  if (typeof column !== "string" || column === "") return undefined;
  try {
    const content: unknown = JSON.parse(column);
    return isKeptContent(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

function isKeptContent(value: unknown): value is KeptContent {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    "bytes" in value &&
    typeof value.bytes === "number" &&
    (!("text" in value) || typeof value.text === "string") &&
    (!("base64" in value) || typeof value.base64 === "string")
  );
}
