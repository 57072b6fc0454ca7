import { withoutBlanksAround } from "../../http/blanks.ts";
import type { FieldList } from "../../http/field-list.ts";
import { TOKEN } from "../../http/fields.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";

/** Names in lower case, sorted, of the request's fields that an answer depends on. */
export type Selecting = readonly string[];

/**
 * The fields that select an answer among those of its URL (Vary, RFC 9110 section 12.5.5); undefined if
 * no other request can be known to get the same. An answer that is plainly made for one origin or coding
 * is selected by that even if it forgets to say so.
 */
export function selectingFields(fields: FieldList): Selecting | undefined {
  const vary = fields.get("vary");
  const allowed = fields.get("access-control-allow-origin");
  const coding = fields.get("content-encoding");
  const isForOrigin = allowed !== null && allowed !== "*";
  if (vary === null && !isForOrigin && coding === null) return NONE;
  const names = new Set<string>();
  for (const part of vary?.split(",") ?? []) {
    const name = part.trim().toLowerCase();
    if (name === "") continue;
    if (name === "*" || !TOKEN.test(name)) return undefined;
    names.add(name);
  }
  if (isForOrigin) names.add("origin");
  if (coding !== null) names.add("accept-encoding");
  return names.size > MOST_NAMES ? undefined : [...names].sort();
}

const NONE: Selecting = [];
const MOST_NAMES = 32;

/**
 * What a request has in those fields, as a key. The request is taken as it goes to the backend, with what
 * the gateway has added to it so far; what it adds after the cache follows from this and from what
 * requests are told apart by.
 */
export function selectingKey(names: Selecting, outgoing: Outgoing): string {
  let key = "";
  for (const name of names) {
    const value = outgoing.get(name);
    // No field has a NUL in it.
    key += value === null ? `${name}\0` : `${name}\0=${normalized(name, value)}\0`;
  }
  return key;
}

/** Blanks between preferences mean nothing, and letters of codings and languages may be of either case. */
function normalized(name: string, value: string): string {
  if (!PREFERENCES.has(name)) return value;
  const tight = value.includes(" ") || value.includes("\t") ? withoutBlanks(value) : value;
  return name === "accept" ? tight : tight.toLowerCase();
}

const PREFERENCES: ReadonlySet<string> = new Set(["accept", "accept-encoding", "accept-language"]);

/** Without those around commas. */
function withoutBlanks(value: string): string {
  return value.split(",").map(withoutBlanksAround).join(",");
}
