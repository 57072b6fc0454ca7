import type { OidcConfig } from "./schema.ts";

/** Characters. Of a random key in hexadecimal they have 128 bits. */
export const SHORTEST_SECRET = 32;

/**
 * What the cookies' keys are derived from, if the configuration says. The client secret will do if it is
 * as long as what issuers make: who knows it is the issuer, which says who people are anyway.
 */
export function secretsFor({
  keys,
  client_secret: secret,
}: Pick<OidcConfig, "keys" | "client_secret">): readonly string[] | undefined {
  if (keys !== undefined) return keys;
  return secret !== undefined && secret.length >= SHORTEST_SECRET ? [secret] : undefined;
}
