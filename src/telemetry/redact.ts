/** Query parameters whose values stay out of rows and lines. `docs/access-log.md` lists them. */
export const REDACTED_PARAMETERS: readonly string[] = [
  "token",
  "access_token",
  "id_token",
  "refresh_token",
  "api_key",
  "apikey",
  "key",
  "password",
  "secret",
  "client_secret",
  "code",
  "signature",
  "sig",
];

const REDACTED = new Set(REDACTED_PARAMETERS);
const INSTEAD = "[redacted]";

/** A parameter's name at the start of one or, in what some servers read as one, after ";" or "?". */
const NAME = /[?&;]([^=?&;]*)=/g;
/** Whether a name is one of those, or written in a way that has to be looked at. Takes linear time. */
const SUSPICIOUS = new RegExp(
  `[?&;](?:(?:${REDACTED_PARAMETERS.join("|")})=|[^=?&;%+.[ ]*[%+.[ ])`,
  "i",
);

/**
 * A query, with its "?", in which the values of parameters that are known to hold secrets are
 * "[redacted]". Names count in any case, percent-encoded, and as a part of `user[password]`.
 */
export function redactQuery(query: string): string {
  if (query === "" || !SUSPICIOUS.test(query)) return query;
  let redacted = "";
  let from = 0;
  for (const found of query.matchAll(NAME)) {
    const value = found.index + found[0].length;
    // Within a value that has been left out already.
    if (found.index < from || !isSecret(found[1] ?? "")) continue;
    const end = query.indexOf("&", value);
    const next = end === -1 ? query.length : end;
    if (next > value) redacted += query.slice(from, value) + INSTEAD;
    else redacted += query.slice(from, value);
    from = next;
  }
  return redacted + query.slice(from);
}

function isSecret(name: string): boolean {
  return decoded(name)
    .toLowerCase()
    .split(/[[\].\s]+/)
    .some((word) => REDACTED.has(word));
}

function decoded(name: string): string {
  const spaced = name.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
