import { removedFields, TOKEN } from "../../http/fields.ts";
import { type Field, fieldOf } from "../../http/field.ts";
import { REDACTED } from "../../pipeline/redaction.ts";
import type { LoggedExchange } from "./logged-exchange.ts";
import { ReplayError } from "./replay-error.ts";
import { SAFE_METHODS, type Wanted } from "./wanted.ts";

/** A request as a client would send it again. */
export interface ClientsRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Empty without one. */
  readonly host: string;
  /** Whether the operator has written the Host field. */
  readonly isHostGiven: boolean;
  /** Without those that belong to the connection or frame the content; names in lower case. */
  readonly fields: readonly Field[];
  readonly content: Uint8Array | undefined;
  /** What is not as it was, one sentence each. */
  readonly notes: readonly string[];
}

/** Ends a text that has been cut. */
const CUT = "…";

/** Makes the client's request from what a row has kept of it. Throws a ReplayError. */
export function clientsRequest(logged: LoggedExchange, wanted: Wanted): ClientsRequest {
  const { method, path } = logged;
  const notes: string[] = [];
  requireSendable(logged, wanted);
  const query = queryFor(logged, wanted);
  const fields = fieldsFor(logged, wanted, notes);
  const given = fields.find(({ name }) => name === "host");
  const content = contentFor(logged, wanted, notes);
  return {
    method,
    path,
    query,
    host: given?.value ?? logged.host,
    isHostGiven: given !== undefined,
    fields: fields.filter(({ name }) => name !== "host"),
    content,
    notes,
  };
}

function requireSendable({ method, path, host, status }: LoggedExchange, wanted: Wanted): void {
  if (method === "" || path === "") throw new ReplayError("invalid", "the row has no request");
  if (method === "CONNECT" || status === 101) {
    throw new ReplayError("invalid", "an upgraded connection or a tunnel cannot be sent again");
  }
  if (!TOKEN.test(method) || !(path.startsWith("/") || path === "*")) {
    throw new ReplayError("invalid", `\`${method} ${path}\` is not a request that can be sent`);
  }
  if (path.endsWith(CUT))
    throw new ReplayError("incomplete", "the row has cut the path, which was too long");
  if (wanted.isForced !== true && (path.includes(REDACTED) || host.includes(REDACTED))) {
    throw new ReplayError(
      "incomplete",
      `a part of the address is ${REDACTED} in the log; \`--force\` sends it like that`,
    );
  }
  if (!SAFE_METHODS.has(method) && wanted.isConfirmed !== true) {
    throw new ReplayError("unconfirmed", `${method} may change something at the backend`);
  }
}

function queryFor({ query }: LoggedExchange, { parameters = [], isForced }: Wanted): string {
  if (query.endsWith(CUT))
    throw new ReplayError("incomplete", "the row has cut the query, which was too long");
  const left = new Map(parameters);
  const pairs = query.slice(1).split("&").filter(Boolean);
  const written = pairs.map((pair) => {
    const name = nameOf(pair);
    const value = parameters.findLast(([one]) => one === name)?.[1];
    if (value === undefined) return pair;
    left.delete(name);
    return `${pair.split("=", 1)[0]}=${encodeURIComponent(value)}`;
  });
  for (const [name, value] of left)
    written.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const redacted = written.filter((pair) => pair.includes(REDACTED)).map(nameOf);
  if (redacted.length > 0 && isForced !== true) {
    const flags = redacted.map((name) => `--set-query ${name}=…`).join(" ");
    throw new ReplayError(
      "incomplete",
      `the log does not have the value of ${redacted.join(", ")}: give it by \`${flags}\`, or \`--force\` sends \`${REDACTED}\``,
    );
  }
  // Brackets are not sent as they are.
  const text = written.join("&").replaceAll(REDACTED, encodeURIComponent(REDACTED));
  return text === "" ? "" : `?${text}`;
}

function nameOf(pair: string): string {
  const written = pair.split("=", 1)[0] ?? "";
  try {
    return decodeURIComponent(written.replaceAll("+", " "));
  } catch {
    return written;
  }
}

function fieldsFor(
  logged: LoggedExchange,
  { fields: given = [] }: Wanted,
  notes: string[],
): Field[] {
  const kept = logged.fields ?? leastFields(logged);
  if (logged.fields === undefined) {
    notes.push(
      "the request's fields were not kept (`logging.trace` does), so it has the usual ones; `-H` adds others",
    );
  }
  const replaced = new Set(given.map(({ name }) => name));
  const missing: string[] = [];
  const fields: Field[] = [];
  for (const [name, value] of kept) {
    if (name === "") notes.push(`the log did not keep ${value} of its fields`);
    else if (replaced.has(name) || name === "host" || isOfConnection(name)) continue;
    else if (isWhole(name, value)) fields.push(fieldOf(name, value));
    else missing.push(name);
  }
  if (missing.length > 0) {
    const names = [...new Set(missing)].join(", ");
    notes.push(`sent without ${names}, whose values the log does not have; \`-H\` gives them`);
  }
  return [...fields, ...given.filter(({ name, value }) => value !== "" && !isOfConnection(name))];
}

/** Whether the log has a field as it was, and HTTP can carry it. */
function isWhole(name: string, value: string): boolean {
  return TOKEN.test(name) && VALUE.test(value) && !value.includes(REDACTED);
}

/** A value that was cut ends with a character that is no byte. */
const VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/;

function leastFields({ userAgent, content }: LoggedExchange): [string, string][] {
  return [
    ["accept", "*/*"],
    ...(userAgent === "" ? [] : ([["user-agent", userAgent]] as [string, string][])),
    ...(content === undefined || content.type === ""
      ? []
      : ([["content-type", content.type]] as [string, string][])),
  ];
}

/** Host is the row's, content has its own length, and what was kept of it is not encoded. */
function isOfConnection(name: string): boolean {
  return removedFields.has(name) || NOT_SENT.has(name);
}

const NOT_SENT: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "expect",
  "trailer",
]);

function contentFor(
  { content, bytesIn }: LoggedExchange,
  { content: given, isForced = false }: Wanted,
  notes: string[],
): Uint8Array | undefined {
  if (given !== undefined) return given;
  const bytes = Math.max(bytesIn, content?.bytes ?? 0);
  if (bytes === 0) return undefined;
  const kept = bytesOf(content);
  const problem = contentProblem(content, bytes);
  if (problem === undefined) return kept;
  if (!isForced) {
    throw new ReplayError(
      "incomplete",
      `${problem}; give the content by \`--body FILE\`, or \`--force\` sends ${kept === undefined ? "none" : "what was kept"}`,
    );
  }
  notes.push(problem);
  return kept;
}

/** Why what was kept is not the content; undefined if it is. */
function contentProblem(content: LoggedExchange["content"], bytes: number): string | undefined {
  if (content === undefined) {
    return `the log did not keep the request's content of ${bytes} bytes (\`log_body\` of the route does)`;
  }
  if (content.text === undefined && content.base64 === undefined) {
    return `the log has only the type and the size of the request's content (${content.type || "no type"}, ${bytes} bytes)`;
  }
  if (content.cut === true)
    return `the log has only the beginning of the request's content of ${bytes} bytes`;
  if (content.redacted === true) return "the request's content has values that were redacted";
  return undefined;
}

function bytesOf(content: LoggedExchange["content"]): Uint8Array | undefined {
  if (content?.text !== undefined) return Buffer.from(content.text);
  return content?.base64 === undefined ? undefined : Buffer.from(content.base64, "base64");
}
