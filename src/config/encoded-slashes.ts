import { type SchemaOptions, Type } from "@sinclair/typebox";

/** The words of other software; "nodecode" is Apache's. */
function advice(written: string): string | undefined {
  if (/^(?:true|on|yes|allow(?:ed)?|preserve|pass|nodecode|unchanged)$/i.test(written)) {
    return "write `keep`";
  }
  const isRefusal = /^(?:false|off|no|deny|denied|forbid|block|refuse)$/i.test(written);
  return isRefusal ? "write `reject`" : undefined;
}

/** A mode of encoded slashes, with these options. */
export function encodedSlashesSchema(options: SchemaOptions) {
  return Type.Union([Type.Literal("keep"), Type.Literal("reject"), Type.Literal("decode")], {
    expected: "keep, reject or decode",
    advice,
    ...options,
  });
}
