/** Query parameters whose values are not logged. `docs/access-log.md` lists them. */
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

/** A parameter's name. Some servers also start a parameter at ";", and a value can be a URL with "?". */
const NAME = /[?&;]([^=?&;]*)=/g;
/** Finds these names, and names that must be decoded first. Takes linear time. */
const SUSPICIOUS = new RegExp(
  `[?&;](?:(?:${REDACTED_PARAMETERS.join("|")})=|[^=?&;%+.[ ]*[%+.[ ])`,
  "i",
);

/**
 * Replaces the values of parameters that usually hold secrets with "[redacted]". The query includes
 * its "?". Names match in any case, percent-encoded, and as part of `user[password]`.
 */
export function redactQuery(query: string): string {
  if (query === "" || !SUSPICIOUS.test(query)) return query;
  let redacted = "";
  let from = 0;
  for (const found of query.matchAll(NAME)) {
    const value = found.index + found[0].length;
    // Inside a value that has already been redacted.
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
