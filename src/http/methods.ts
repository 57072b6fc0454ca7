import { distance } from "fastest-levenshtein";
import { TOKEN } from "./fields.ts";

/** The methods that routes without `methods` take. Routes may list any others but `refusedMethods`. */
export const proxiedMethods: ReadonlySet<string> = new Set(
  (
    "GET HEAD POST PUT PATCH DELETE OPTIONS QUERY " +
    "PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT " +
    "PURGE LINK UNLINK MKCALENDAR ACL BIND REBIND MERGE CHECKOUT SUBSCRIBE NOTIFY M-SEARCH"
  ).split(" "),
);

/** CONNECT asks for a tunnel, and TRACE would echo fields that the gateway added. */
const refusedMethods: ReadonlySet<string> = new Set(["CONNECT", "TRACE"]);

/** Methods that ask for nothing to be changed (RFC 9110 section 9.2.1). */
export const safeMethods: ReadonlySet<string> = new Set(
  "GET HEAD OPTIONS TRACE QUERY PROPFIND SEARCH REPORT".split(" "),
);

/** The idempotent ones (RFC 9110 section 9.2.2, and each method's own document). */
export const idempotentMethods: ReadonlySet<string> = new Set(
  "GET HEAD PUT DELETE OPTIONS QUERY PROPFIND SEARCH REPORT".split(" "),
);

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
  if (proxiedMethods.has(upper)) return `method names are case-sensitive; write \`${upper}\``;
  if (refusedMethods.has(upper)) return `\`${method}\` is not a method that the gateway forwards`;
  if (!TOKEN.test(method)) return `\`${method}\` is not the name of a method`;
  return undefined;
}

/** Why a method may be a mistake for another one, for the operator; undefined if it is not likely. */
export function methodWarning(method: string): string | undefined {
  if (proxiedMethods.has(method)) return undefined;
  const letters = lettersOf(method);
  const similar = [...proxiedMethods].find(
    (known) => distance(known, method) === 1 || lettersOf(known) === letters,
  );
  return similar === undefined
    ? undefined
    : `\`${method}\` is not a method in common use; if it is a mistake, write \`${similar}\``;
}

function lettersOf(method: string): string {
  return method.split("").sort().join("");
}
