/**
 * The methods that are forwarded: those that the listener knows, except CONNECT (it asks for a tunnel)
 * and TRACE (it would echo fields that the gateway added).
 */
export const proxiedMethods: ReadonlySet<string> = new Set(
  (
    "GET HEAD POST PUT PATCH DELETE OPTIONS QUERY " +
    "PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT " +
    "PURGE LINK UNLINK MKCALENDAR ACL BIND REBIND MERGE CHECKOUT SUBSCRIBE NOTIFY M-SEARCH"
  ).split(" "),
);

/** The idempotent ones (RFC 9110 section 9.2.2, and each method's own document). */
export const idempotentMethods: ReadonlySet<string> = new Set(
  "GET HEAD PUT DELETE OPTIONS QUERY PROPFIND SEARCH REPORT".split(" "),
);

/** Whether the listener delivers a request's content; it silently discards that of GET and HEAD. */
export function carriesContent(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** Why a method cannot be configured, for the operator; undefined if it can. */
export function methodProblem(method: string): string | undefined {
  if (proxiedMethods.has(method)) return undefined;
  const upper = method.toUpperCase();
  if (upper === "*" || upper === "ALL" || upper === "ANY") {
    return `\`${method}\` is not a method; for every method, leave the list out`;
  }
  const parts = upper.split(/[^A-Z-]+/);
  if (parts.length > 1 && parts.every((part) => proxiedMethods.has(part))) {
    return `\`${method}\` is not a method; write \`[${parts.join(", ")}]\``;
  }
  return proxiedMethods.has(upper)
    ? `method names are case-sensitive; write \`${upper}\``
    : `\`${method}\` is not a method that the gateway forwards`;
}
