import { forwardingFields } from "./forwarded.ts";

// Backends that hand fields on as variables, as CGI does, take "_" and "-" for the same.
const RESERVED: ReadonlySet<string> = new Set([
  ...forwardingFields,
  "content-length",
  "transfer-encoding",
  "x-request-id",
]);
const DELETE = "\u007F";

/**
 * Says what makes a request's fields ambiguous to somebody who reads them less strictly than the
 * listener's parser does, which has refused all that RFC 9112 section 6 names; undefined when
 * nothing does.
 */
export function framingProblem(headers: Headers): string | undefined {
  const encoding = headers.get("transfer-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "chunked") {
    return "the only Transfer-Encoding that is understood is chunked";
  }
  const length = headers.get("content-length");
  if (length !== null && !/^[0-9]+$/.test(length)) {
    return "the Content-Length field is not one number";
  }
  let problem: string | undefined;
  // oxlint-disable-next-line unicorn/no-array-for-each -- an iterator here costs half as much again
  headers.forEach((value, name) => {
    if (name.includes("_") && RESERVED.has(name.replaceAll("_", "-"))) {
      problem = `the field ${name} resembles one that only the gateway sets`;
    }
    if (value.includes(DELETE)) problem = `the field ${name} holds a control character`;
  });
  return problem;
}
