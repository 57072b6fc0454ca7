import { type SchemaOptions, Type } from "@sinclair/typebox";

/** A mode of encoded slashes, with these options. */
export function encodedSlashesSchema(options: SchemaOptions) {
  return Type.Union([Type.Literal("keep"), Type.Literal("reject"), Type.Literal("decode")], {
    expected: "keep, reject or decode",
    ...options,
  });
}
