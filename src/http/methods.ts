/**
 * The methods that pass through: those that both ends of the runtime know, less CONNECT (a tunnel,
 * which a gateway is not) and TRACE (it would echo fields that the gateway added). A method the
 * client half does not know would be sent as GET, so nothing outside this set is ever sent.
 */
export const proxiedMethods: ReadonlySet<string> = new Set(
  (
    "GET HEAD POST PUT PATCH DELETE OPTIONS QUERY " +
    "PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT " +
    "PURGE LINK UNLINK MKCALENDAR ACL BIND REBIND MERGE CHECKOUT SUBSCRIBE NOTIFY M-SEARCH"
  ).split(" "),
);

/** Those that mean the same once and twice (RFC 9110 section 9.2.2, and the documents of each). */
export const idempotentMethods: ReadonlySet<string> = new Set(
  "GET HEAD PUT DELETE OPTIONS QUERY PROPFIND SEARCH REPORT".split(" "),
);

/** Whether the listener hands on a request's content; for GET and HEAD it silently discards it. */
export function carriesContent(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** Says in words why a method cannot be configured; undefined when it can. */
export function methodProblem(method: string): string | undefined {
  if (proxiedMethods.has(method)) return undefined;
  const upper = method.toUpperCase();
  return proxiedMethods.has(upper)
    ? `method names are case-sensitive; write \`${upper}\``
    : `\`${method}\` is not a method that the gateway forwards`;
}
