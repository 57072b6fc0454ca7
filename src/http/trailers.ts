import type { Field } from "./field.ts";
import { FieldRules } from "./field-rules.ts";

/**
 * Fields that must not follow content (RFC 9110 section 6.5.1): a receiver that merges trailers
 * into the header section would find its message framed, routed, authenticated or processed in another way.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "age",
  "authorization",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "cookie2",
  "date",
  "expect",
  "expires",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "location",
  "max-forwards",
  "pragma",
  "range",
  "retry-after",
  "set-cookie",
  "set-cookie2",
  "vary",
  "via",
  "warning",
  "www-authenticate",
  "x-request-id",
]);

const RULES = new FieldRules();

/**
 * Whether a field, whose name is in lower case, may follow content: not one for a single
 * connection either, nor one that only a trusted proxy may send.
 */
export function mayBeTrailer(name: string): boolean {
  return !FORBIDDEN.has(name) && RULES.kindOf(name) === "plain";
}

/** Those that may follow content; undefined without any. */
export function allowedTrailers(fields: readonly Field[]): readonly Field[] | undefined {
  const allowed = fields.filter(({ name }) => mayBeTrailer(name));
  return allowed.length === 0 ? undefined : allowed;
}
