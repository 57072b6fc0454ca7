import { UsageError } from "./command.ts";

/** A name that a file of keys or users takes. Throws a UsageError for another one. */
export function recordName(written: string): string {
  const name = written.normalize("NFC");
  if (/^(?! )[^\p{Cc}\u2028\u2029]{1,128}(?<! )$/u.test(name)) return name;
  throw new UsageError("a name has 1 to 128 characters, none of them a control character");
}

/** A name as a key in YAML, in quotes where it needs them. */
export function asYamlKey(name: string): string {
  const isPlain =
    /^[A-Za-z][\w.@-]*$/.test(name) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(name);
  return isPlain ? name : JSON.stringify(name);
}
