/**
 * The first value of a parameter in a query, "?" included or not, decoded as forms are: "+" is a blank
 * (WHATWG URL, application/x-www-form-urlencoded). Each character of the name and of the value is one
 * byte. Null without one; empty for a parameter without "=".
 */
export function queryParameter(query: string, name: string): string | null {
  let start = query.startsWith("?") ? 1 : 0;
  let equals = query.indexOf("=");
  while (start < query.length) {
    const next = query.indexOf("&", start);
    const end = next === -1 ? query.length : next;
    // Searched for only where it has not been: the time is linear in the length.
    if (equals !== -1 && equals < start) equals = query.indexOf("=", start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (decodeForm(query.slice(start, nameEnd)) === name) {
      return decodeForm(query.slice(Math.min(nameEnd + 1, end), end));
    }
    start = end + 1;
  }
  return null;
}

/** Whether a query has more than one parameter of a name, in any spelling. */
export function isRepeatedParameter(query: string, name: string): boolean {
  let found = 0;
  for (const part of query.slice(query.startsWith("?") ? 1 : 0).split("&")) {
    const equals = part.indexOf("=");
    if (decodeForm(equals === -1 ? part : part.slice(0, equals)) === name) found += 1;
  }
  return found > 1;
}

/** Changes to the parameters of a query. Names are decoded, each character one byte. */
export interface QueryChanges {
  readonly removed: ReadonlySet<string>;
  /** Parameters as they are written, `name=value`, in place of the first one of their name. */
  readonly set: ReadonlyMap<string, string>;
  /** Parameters as they are written, at the end. */
  readonly added: readonly string[];
}

/**
 * Changes a query, which is empty or begins with "?". Parameters that are not named keep their place and
 * their bytes. All spellings of a name count as that name, and of several parameters that are set one is
 * left.
 */
export function changeQuery(query: string, { removed, set, added }: QueryChanges): string {
  const parts: string[] = [];
  const found = new Set<string>();
  for (const part of query.length > 1 ? query.slice(1).split("&") : []) {
    const equals = part.indexOf("=");
    const name = decodeForm(equals === -1 ? part : part.slice(0, equals));
    const replacement = set.get(name);
    if (replacement !== undefined) {
      if (!found.has(name)) parts.push(replacement);
      found.add(name);
    } else if (!removed.has(name)) parts.push(part);
  }
  for (const [name, parameter] of set) if (!found.has(name)) parts.push(parameter);
  parts.push(...added);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

const ESCAPE = /%[0-9A-Fa-f]{2}/g;

/** A "%" that begins no escape stands for itself, as browsers read it. */
function decodeForm(written: string): string {
  const blanks = written.includes("+") ? written.replaceAll("+", " ") : written;
  return blanks.includes("%") ? blanks.replace(ESCAPE, byteOf) : blanks;
}

function byteOf(escape: string): string {
  return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
}
