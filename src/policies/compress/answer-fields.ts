import { weakenTag } from "../../http/entity-tag.ts";
import { digestFields } from "../../http/fields.ts";
import { fieldOf } from "../../http/field.ts";
import type { FieldList } from "../../http/field-list.ts";
import type { Coding } from "./codings.ts";

/** What is about the content as it was; the digest of the representation counts the coding too. */
const ABOUT_CONTENT: ReadonlySet<string> = new Set([
  ...digestFields,
  "accept-ranges",
  "content-length",
]);

const ENCODED = {
  zstd: fieldOf("Content-Encoding", "zstd"),
  br: fieldOf("Content-Encoding", "br"),
  gzip: fieldOf("Content-Encoding", "gzip"),
} satisfies Record<Coding, unknown>;

/** Makes an answer's fields those of its compressed content; GET and HEAD have the same. */
export function describeEncoded(fields: FieldList, coding: Coding): void {
  fields.delete(ABOUT_CONTENT);
  fields.put(ENCODED[coding]);
  // The same content is not compressed to the same bytes every time.
  weakenTag(fields);
}
