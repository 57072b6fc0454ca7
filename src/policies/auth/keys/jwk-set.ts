import { createPublicKey } from "node:crypto";
import { JsonProblem, parseStrictJson } from "../../../units/strict-json.ts";
import { algorithmsFor, isSameAlgorithm } from "./algorithms.ts";
import { KeyProblem, VerificationKey } from "./verification-key.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";

const DEEPEST = 16;
const MOST_KEYS = 100;
const LONGEST_ID = 1_024;

/** The members that make a public key (RFC 7518 section 6, RFC 8037 section 2). */
const PUBLIC_MEMBERS = ["kty", "n", "e", "crv", "x", "y"];

/** Text that is no key set, with the reason as a clause for the operator. */
export class KeySetProblem extends Error {
  override readonly name = "KeySetProblem";
}

/** What a JWK Set has for us. */
export interface ReadKeys {
  readonly keys: readonly KnownKey[];
  /** Why keys that look as if they were meant for signatures are left out, as clauses. */
  readonly warnings: readonly string[];
}

/** A key, with text that is the same for the same key. */
export interface KnownKey {
  readonly text: string;
  readonly key: VerificationKey;
}

/**
 * Reads a JWK Set (RFC 7517 section 5). Keys for something else, and of types that are not known, are
 * skipped. Keys that were `known` before are the same objects afterwards. Throws a KeySetProblem.
 */
export function readJwkSet(text: string, known: readonly KnownKey[] = []): ReadKeys {
  const written = keysIn(text);
  const keys: KnownKey[] = [];
  const warnings: string[] = [];
  if (written.length > MOST_KEYS) {
    warnings.push(`only the first ${MOST_KEYS} of its ${written.length} keys are used`);
  }
  for (const [index, jwk] of written.slice(0, MOST_KEYS).entries()) {
    try {
      const key = readKey(jwk, [...known, ...keys]);
      if (key !== undefined && !keys.includes(key)) keys.push(key);
    } catch (error) {
      if (!(error instanceof KeyProblem)) throw error;
      warnings.push(`key ${index + 1} of ${written.length} is ignored: ${error.message}`);
    }
  }
  if (keys.length === 0) warnings.push("it has no key to verify tokens with");
  return { keys, warnings };
}

function keysIn(text: string): readonly unknown[] {
  let set: unknown;
  try {
    set = parseStrictJson(text, DEEPEST);
  } catch (error) {
    if (error instanceof JsonProblem) throw new KeySetProblem(`it ${error.message}`);
    throw error;
  }
  if (!isMapping(set) || !Array.isArray(set["keys"])) {
    throw new KeySetProblem("it is no JWK Set: an object with a list `keys`");
  }
  return set["keys"];
}

/** Undefined for a key that is not for signatures of a known kind. Throws a KeyProblem. */
function readKey(jwk: unknown, known: readonly KnownKey[]): KnownKey | undefined {
  if (!isMapping(jwk)) throw new KeyProblem("it is not an object");
  const { kty, use, kid, alg } = jwk;
  if (kty === "oct") throw new KeyProblem("it is a secret, which a key set must not have");
  if (!isKnownType(jwk)) return undefined;
  if (use !== undefined && use !== "sig") return undefined;
  const operations = jwk["key_ops"];
  if (operations !== undefined && !isForVerifying(operations)) return undefined;
  if (Object.hasOwn(jwk, "d")) throw new KeyProblem("it is a private key, which must stay private");
  if (kid !== undefined && (typeof kid !== "string" || kid.length > LONGEST_ID)) {
    throw new KeyProblem("its kid is not a text of reasonable length");
  }
  if (alg !== undefined && typeof alg !== "string") throw new KeyProblem("its alg is not a text");
  const members = PUBLIC_MEMBERS.map((name) => [name, jwk[name]] as const);
  const text = JSON.stringify([kid ?? null, alg ?? null, members]);
  const same = known.find((other) => other.text === text);
  if (same !== undefined) return same;
  const publicKey = importPublic(
    Object.fromEntries(members.filter(([, value]) => value !== undefined)),
  );
  const allows = (algorithm: string) => alg === undefined || isSameAlgorithm(algorithm, alg);
  const key = VerificationKey.ofPublic(publicKey, { id: kid, allows });
  // Made for an algorithm that is not for signatures, or not of this type.
  return key.algorithms.length === 0 ? undefined : { text, key };
}

function isKnownType({ kty, crv }: Mapping): boolean {
  if (typeof kty !== "string" || kty === "oct") return false;
  return algorithmsFor(kty, kty === "RSA" || typeof crv !== "string" ? undefined : crv).length > 0;
}

function isForVerifying(operations: unknown): boolean {
  return Array.isArray(operations) && operations.includes("verify");
}

function importPublic(jwk: Record<string, unknown>) {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (error) {
    throw new KeyProblem("its numbers make no key of a known kind", { cause: error });
  }
}
