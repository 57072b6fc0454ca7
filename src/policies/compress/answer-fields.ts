import { fieldOf } from "../../http/field.ts";
import type { FieldList } from "../../http/field-list.ts";
import type { Coding } from "./codings.ts";
import { weakened } from "./entity-tags.ts";

/**
 * Digests of the content as it was (RFC 9530; Digest and Content-MD5 are their predecessors). That of
 * the representation counts the coding too.
 */
export const ABOUT_CONTENT: ReadonlySet<string> = new Set([
  "content-digest",
  "content-md5",
  "digest",
  "repr-digest",
]);

/** Beside those, parts and lengths of the content as it was. */
const REMOVED: ReadonlySet<string> = new Set([...ABOUT_CONTENT, "accept-ranges", "content-length"]);

const ENCODED = {
  zstd: fieldOf("Content-Encoding", "zstd"),
  br: fieldOf("Content-Encoding", "br"),
  gzip: fieldOf("Content-Encoding", "gzip"),
} satisfies Record<Coding, unknown>;

/** Makes an answer's fields those of its compressed content; GET and HEAD have the same. */
export function describeEncoded(fields: FieldList, coding: Coding): void {
  fields.delete(REMOVED);
  fields.put(ENCODED[coding]);
  weakenTag(fields);
}

/** Bytes that were compressed on the way are not the same every time (RFC 9110 section 8.8.1). */
export function weakenTag(fields: FieldList): void {
  const tag = fields.get("etag");
  if (tag === null) return;
  const weak = weakened(tag);
  if (weak !== undefined) fields.set("ETag", weak);
}
