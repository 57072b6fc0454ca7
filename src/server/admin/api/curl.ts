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
  const { method, host, path, query } = row;
  const parts = ["curl", "--globoff", "--path-as-is"];
  if (method === "HEAD") parts.push("--head");
  else if (method !== "GET") parts.push("-X", quoted(String(method)));
  for (const [name, value] of fields ?? []) {
    if (!LEFT_OUT.has(name.toLowerCase())) parts.push("-H", quoted(`${name}: ${value}`));
  }
  if (content !== null) parts.push("--data-raw", quoted(content));
  parts.push(quoted(`${scheme}://${host ?? "localhost"}${path ?? "/"}${query ?? ""}`));
  return parts.join(" ");
}

/** For a shell, whatever is in it. */
function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
