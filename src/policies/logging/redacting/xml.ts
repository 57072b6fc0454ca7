import { REDACTED } from "../../../pipeline/redaction.ts";

/** An element's opening tag, or an attribute. */
const TAG = /<([\p{L}_][\p{L}\p{N}_.-]{0,63}:)?([A-Za-z_][\w.-]{0,63})(\s[^<>]*)?>/gu;
const ATTRIBUTE = /([A-Za-z_][\w.:-]{0,63})(\s{0,4}=\s{0,4})("[^"]*"?|'[^']*'?)/g;

/** How the attributes of an element without content end. */
const EMPTY = /(?:^|[\s"'])\/$/;

/** An XML text, or the beginning of one, without the contents of elements and attributes under secret names. */
export function redactedXml(text: string, isSecret: (name: string) => boolean): string {
  let redacted = "";
  let done = 0;
  for (const found of text.matchAll(TAG)) {
    if (found.index < done) continue;
    const [tag, prefix = "", name = "", attributes = ""] = found;
    if (!isSecret(name) || EMPTY.test(attributes)) continue;
    const start = found.index + tag.length;
    const end = endOfContent(text, start, prefix + name);
    redacted += text.slice(done, start) + (end > start ? REDACTED : "");
    done = end;
  }
  return (redacted + text.slice(done)).replaceAll(ATTRIBUTE, (all, name: string, between: string) =>
    isSecret(name.slice(name.indexOf(":") + 1)) ? `${name}${between}"${REDACTED}"` : all,
  );
}

/** Where an element ends that may contain others of its name; the end of the text if it has been cut. */
function endOfContent(text: string, start: number, name: string): number {
  let opening = text.indexOf(`<${name}`, start);
  for (let at = start, depth = 1; ; depth -= 1) {
    const closing = text.indexOf(`</${name}`, at);
    if (closing === -1) return text.length;
    for (; opening !== -1 && opening < closing; opening = text.indexOf(`<${name}`, opening + 1)) {
      depth += 1;
    }
    if (depth <= 1) return closing;
    at = closing + 1;
  }
}
