import { type Members, TokenProblem } from "./signed-token.ts";

export interface ClaimRules {
  /** Those of which `iss` must be one, exactly; undefined for any. */
  readonly issuers?: readonly string[] | undefined;
  /** Those of which `aud` must name one; undefined for any. */
  readonly audiences?: readonly string[] | undefined;
  /** How far the clocks of issuer and gateway may differ. */
  readonly leewayMs: number;
  /** Whether a token without `exp`, which is valid until its key is not, is refused. */
  readonly needsExpiry: boolean;
}

/** The time in which a token is valid, leeway included, in Unix epoch milliseconds. */
export interface Validity {
  readonly from: number;
  /** The first moment at which it is not valid any more; Infinity without `exp`. */
  readonly until: number;
}

/**
 * Checks the claims of RFC 7519 section 4.1 that have one meaning everywhere: iss, sub, aud, exp, nbf,
 * iat. `now` is in Unix epoch milliseconds. Throws a TokenProblem.
 */
export function checkClaims(claims: Members, rules: ClaimRules, now: number): Validity {
  checkIssuer(claims, rules);
  checkAudience(claims, rules);
  const subject = claims["sub"];
  if (subject !== undefined && typeof subject !== "string") {
    throw new TokenProblem("the token's sub is not a text");
  }
  const validity = validityOf(claims, rules);
  if (now >= validity.until) throw new TokenProblem("the token has expired");
  if (now < validity.from) throw new TokenProblem("the token is not valid yet");
  return validity;
}

function checkIssuer({ iss }: Members, { issuers }: ClaimRules): void {
  if (iss !== undefined && typeof iss !== "string") {
    throw new TokenProblem("the token's iss is not a text");
  }
  if (issuers === undefined) return;
  if (iss === undefined) throw new TokenProblem("the token does not name its issuer");
  if (!issuers.includes(iss)) throw new TokenProblem("the token is from another issuer");
}

function checkAudience({ aud }: Members, { audiences }: ClaimRules): void {
  const named: unknown = typeof aud === "string" ? [aud] : aud;
  if (named !== undefined && !isListOfTexts(named)) {
    throw new TokenProblem("the token's aud is neither a text nor a list of texts");
  }
  if (audiences === undefined) return;
  if (named === undefined) throw new TokenProblem("the token does not name its audience");
  if (!named.some((one) => audiences.includes(one))) {
    throw new TokenProblem("the token is for another audience");
  }
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function validityOf(claims: Members, { leewayMs, needsExpiry }: ClaimRules): Validity {
  const expires = time(claims, "exp");
  const begins = time(claims, "nbf");
  // A token of the future is from a clock that is wrong, or was made to outlive others.
  const issued = time(claims, "iat");
  if (expires === undefined && needsExpiry) throw new TokenProblem("the token never expires");
  const from = Math.max(begins ?? Number.NEGATIVE_INFINITY, issued ?? Number.NEGATIVE_INFINITY);
  return { from: from - leewayMs, until: (expires ?? Number.POSITIVE_INFINITY) + leewayMs };
}

/** A NumericDate in milliseconds; undefined without one. */
function time(claims: Members, name: "exp" | "nbf" | "iat"): number | undefined {
  const seconds = claims[name];
  if (seconds === undefined) return undefined;
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) {
    throw new TokenProblem(`the token's ${name} is not a number`);
  }
  return seconds * 1_000;
}
