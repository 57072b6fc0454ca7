import { REDACTED } from "../../../pipeline/redaction.ts";

/** An element's opening tag, or an attribute. */
const TAG = /<([A-Za-z_][\w.-]{0,63}:)?([A-Za-z_][\w.-]{0,63})(\s[^<>]*)?>/g;
const ATTRIBUTE = /([A-Za-z_][\w.:-]{0,63})(\s{0,4}=\s{0,4})("[^"]*"?|'[^']*'?)/g;

/** An XML text, or the beginning of one, without the contents of elements and attributes under secret names. */
export function redactedXml(text: string, isSecret: (name: string) => boolean): string {
  let redacted = "";
  let done = 0;
  for (const found of text.matchAll(TAG)) {
    if (found.index < done) continue;
    const [tag, prefix = "", name = "", attributes = ""] = found;
    if (!isSecret(name) || attributes.endsWith("/")) continue;
    const start = found.index + tag.length;
    const closing = text.indexOf(`</${prefix}${name}`, start);
    const end = closing === -1 ? text.length : closing;
    redacted += text.slice(done, start) + (end > start ? REDACTED : "");
    done = end;
  }
  return (redacted + text.slice(done)).replaceAll(ATTRIBUTE, (all, name: string, between: string) =>
    isSecret(name.slice(name.indexOf(":") + 1)) ? `${name}${between}"${REDACTED}"` : all,
  );
}
