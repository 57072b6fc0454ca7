import { checkClaims, type ClaimRules, type Validity } from "./token-claims.ts";
import {
  algorithmOf,
  readClaims,
  readToken,
  type SignatureRules,
  type SignedToken,
  signerOf,
} from "./signed-token.ts";

/** What a token has to be. */
export type TokenRules = SignatureRules & ClaimRules;

/** A token that its issuer has made, for us and for now. */
export interface VerifiedToken extends SignedToken {
  readonly validity: Validity;
}

/**
 * Verifies a JWT: its form, algorithm, type, claims and signature (RFC 7519 section 7.2, RFC 8725). `now`
 * is in Unix epoch milliseconds. Rejects with a TokenProblem, or with KeysUnavailable.
 */
export async function verifyToken(
  text: string,
  rules: TokenRules,
  now: number,
): Promise<VerifiedToken> {
  const token = readToken(text);
  const algorithm = algorithmOf(token, rules);
  const claims = readClaims(token);
  // Before the signature: a token that is of another issuer, or has expired with its key, causes neither
  // a computation nor a look for a key that is not there. It is refused either way.
  const validity = checkClaims(claims, rules, now);
  const key = await signerOf(token, algorithm, rules.keys);
  return { header: token.header, claims, validity, key };
}
