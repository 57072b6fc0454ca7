import { type Claims, claimOf } from "../../../../pipeline/claims.ts";
import { satisfies } from "../../claim-values.ts";
import type { JwtConfig } from "./schema.ts";

/** RFC 7519 section 4.1: they say what a token is, others what its holder may do. */
export const REGISTERED: ReadonlySet<string> = new Set([
  "iss",
  "sub",
  "aud",
  "exp",
  "nbf",
  "iat",
  "jti",
]);

/** A claim that a token lacks. */
export interface Lack {
  readonly name: string;
  /** Whether the token is no good for anybody; otherwise its holder may not do this. */
  readonly makesInvalid: boolean;
}

/** Finds the first required claim that a token lacks. */
export function lackIn({
  require: required = {},
}: JwtConfig): (claims: Claims) => Lack | undefined {
  // Whether `exp` is needed is decided with its time.
  const wanted = Object.entries(required).filter(([name]) => name !== "exp");
  return (claims) => {
    for (const [name, values] of wanted) {
      if (!satisfies(asWords(name, claimOf(claims, name)), values)) {
        return { name, makesInvalid: REGISTERED.has(name) };
      }
    }
    return undefined;
  };
}

/** Scopes are words of one text (RFC 8693 section 4.2). */
function asWords(name: string, claim: unknown): unknown {
  const isScopes = name === "scope" || name === "scp";
  return isScopes && typeof claim === "string" ? claim.split(" ") : claim;
}
