import { unescaped } from "../../../units/printable.ts";
import type { Row } from "../../../telemetry/query/row.ts";

/** Fields that curl makes by itself, or that belong to the connection of the first request. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "keep-alive",
]);

/** A list of names and values, as rows keep fields. */
export type KeptFields = readonly (readonly [name: string, value: string])[];

/** A command that sends a logged request again, to its host. What was redacted in the log is so here too. */
export function curlOf(row: Row, fields: KeptFields | undefined, content: string | null): string {
  const scheme = row["tls_version"] === null ? "http" : "https";
  // Rows hold texts with what cannot be printed escaped, and backslashes doubled.
  const text = (column: string): string => unescaped(String(row[column] ?? ""));
  const method = text("method");
  const path = text("path");
  const hasContent = content !== null && method !== "HEAD";
  const parts = ["curl", "--globoff", "--path-as-is"];
  if (method === "HEAD") parts.push("--head");
  else if (method !== "GET" || hasContent) parts.push("-X", quoted(method));
  for (const [name, value] of fields ?? []) {
    if (LEFT_OUT.has(name.toLowerCase())) continue;
    // With a colon curl would leave out a field that is empty.
    parts.push("-H", quoted(value === "" ? `${name};` : `${name}: ${value}`));
  }
  if (hasContent) {
    // curl would call it a form.
    const isTyped = fields?.some(([name]) => name.toLowerCase() === "content-type") === true;
    if (!isTyped) parts.push("-H", quoted("content-type:"));
    parts.push("--data-raw", quoted(content));
  }
  const isPath = path === "" || path.startsWith("/");
  if (!isPath) parts.push("--request-target", quoted(path));
  const host = text("host") || "localhost";
  parts.push(quoted(`${scheme}://${host}${isPath ? path : "/"}${text("query")}`));
  return parts.join(" ");
}

/** For a shell, whatever is in it. */
function quoted(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  // A terminal acts on control characters while they are pasted, before the shell has seen the quotes.
  return INVISIBLE.test(text)
    ? `$'${text.replaceAll(ESCAPED, escapeOf)}'`
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Control characters, and those that change what is seen of a line. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const ESCAPED = /['\\]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** In bash's and zsh's $'…', by bytes, so that no locale matters. */
function escapeOf(character: string): string {
  if (character === "'" || character === "\\") return `\\${character}`;
  if (character === "\n") return String.raw`\n`;
  const octal = (byte: number) => `\\${byte.toString(8).padStart(3, "0")}`;
  return Array.from(Buffer.from(character), octal).join("");
}
