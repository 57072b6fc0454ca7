import { findField } from "./fields.ts";

// NTLM and Negotiate (RFC 4559) authenticate the connection instead of the request: every later request
// on it is attributed to the same user.
const SCHEMES = /(?:^|,)\s*(?:NTLM|Negotiate|Nego2|Kerberos|CredSSP)(?:$|[\s,])/i;

/** Whether a field of an answer says that its connection is, or can be, authenticated. */
export function isConnectionChallenge(name: string, value: string): boolean {
  if (name === "www-authenticate") return SCHEMES.test(value);
  return name === "persistent-auth" && value.toLowerCase() === "true";
}

/** Whether a request's fields, names in lower case, each followed by its value, authenticate its connection. */
export function authenticatesConnection(fields: readonly string[]): boolean {
  let at = findField(fields, "authorization");
  while (at !== -1) {
    if (SCHEMES.test(fields[at + 1] ?? "")) return true;
    at = findField(fields, "authorization", at + 2);
  }
  return false;
}
