import type { StaticDecode, TSchema } from "@sinclair/typebox";
import { type Diagnostic, eachOnce } from "../text/diagnostics.ts";
import type { ConfigDocument } from "../text/document.ts";
import type { Checkable, IsWhole } from "../../pipeline/section.ts";
import type { KeyHints } from "./complaints.ts";
import { SchemaReader } from "./schema-reader.ts";

interface Validated<T> {
  /** With defaults and decoded transforms; absent if anything is wrong. */
  readonly value: T | undefined;
  /** The well-formed parts of the value, so that they can be checked further. */
  readonly partial: Checkable<T>;
  /** Whether nothing is missing in a part of `partial`. */
  readonly isWhole: IsWhole;
  /** Everything that is wrong, except unset variables, which have been reported before. */
  readonly diagnostics: Diagnostic[];
}

/**
 * Reads a document by a schema. A schema may have an `expected`, a noun phrase for
 * "expected …, got …". `hints` answer unknown keys. Never throws, whatever the document.
 */
export function validate<Schema extends TSchema>(
  schema: Schema,
  document: ConfigDocument,
  hints?: KeyHints,
): Validated<StaticDecode<Schema>> {
  const reader = new SchemaReader(schema, document, hints);
  const read = document.root && reader.read(schema, document.root);
  const isWhole = (part: unknown) => reader.isWhole(part);
  return {
    value: isWhole(read) ? read : undefined,
    partial: (read ?? {}) as Checkable<StaticDecode<Schema>>,
    isWhole,
    diagnostics: eachOnce(reader.diagnostics),
  };
}
