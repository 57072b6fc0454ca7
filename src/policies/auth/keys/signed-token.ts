import { compactVerify, errors } from "jose";
import { JsonProblem, parseStrictJson } from "../../../units/strict-json.ts";
import { type Algorithm, isAlgorithm } from "./algorithms.ts";
import type { KeySet } from "./key-set.ts";
import type { VerificationKey } from "./verification-key.ts";

/** Longer tokens are refused before anything is done with them. */
export const LONGEST_TOKEN = 16 * 1024;
const DEEPEST_HEADER = 4;
const DEEPEST_CLAIMS = 32;
/** Keys that are tried for a token that does not say which one has signed it. */
const MOST_TRIES = 8;

/** A token that is not valid, with the reason as a clause for the client: it reveals nothing secret. */
export class TokenProblem extends Error {
  override readonly name = "TokenProblem";
}

export type Members = Readonly<Record<string, unknown>>;

/** A token whose signature is right. Nothing has been checked of its claims yet. */
export interface SignedToken {
  readonly header: Members;
  readonly claims: Members;
  /** What has signed it. Once that is retired, the token is no longer valid. */
  readonly key: VerificationKey;
}

export interface SignatureRules {
  readonly keys: KeySet;
  /** A key is used only for those of these that fit its type. */
  readonly algorithms: ReadonlySet<Algorithm>;
  /** The header's `typ`, in lower case and without "application/"; undefined for any. */
  readonly type?: string | undefined;
}

/**
 * Verifies the signature of a JWT in compact form (RFC 7515 section 5.2, RFC 8725). What a token says of
 * keys, other than the name of one, is ignored: `jwk`, `jku`, `x5u`, `x5c`. Rejects with a TokenProblem,
 * or with KeysUnavailable.
 */
export async function verifySignature(token: string, rules: SignatureRules): Promise<SignedToken> {
  const [head, body] = partsOf(token);
  const header = members(head, "header", DEEPEST_HEADER);
  const algorithm = algorithmOf(header, rules);
  const id = idOf(header);
  const key = await signerOf(token, algorithm, id, rules.keys);
  return { header, claims: members(body, "payload", DEEPEST_CLAIMS), key };
}

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** The header and the payload, encoded. */
function partsOf(token: string): [string, string] {
  if (token.length > LONGEST_TOKEN) {
    throw new TokenProblem(`the token is longer than ${LONGEST_TOKEN} characters`);
  }
  const [, head, body] = COMPACT.exec(token) ?? [];
  if (head !== undefined && body !== undefined) return [head, body];
  const isEncrypted = token.split(".", 6).length === 5;
  throw new TokenProblem(
    isEncrypted ? "the token is encrypted, not signed" : "the token is not a signed JWT",
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function members(encoded: string, part: string, deepest: number): Members {
  const bytes = Buffer.from(encoded, "base64url");
  // Padding bits that are not zero, or a length that nothing encodes to.
  if (bytes.toString("base64url") !== encoded) {
    throw new TokenProblem(`the token's ${part} is not in base64url`);
  }
  let value: unknown;
  try {
    value = parseStrictJson(utf8.decode(bytes), deepest);
  } catch (error) {
    if (error instanceof JsonProblem)
      throw new TokenProblem(`the token's ${part} ${error.message}`);
    throw new TokenProblem(`the token's ${part} is not in UTF-8`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TokenProblem(`the token's ${part} is not an object`);
  }
  return value as Members;
}

function algorithmOf(header: Members, { algorithms, type }: SignatureRules): Algorithm {
  const { alg } = header;
  if (!isAlgorithm(alg) || !algorithms.has(alg)) {
    throw new TokenProblem("the token's algorithm is not accepted");
  }
  // No extension is understood; b64 is one that changes what is signed (RFC 7797).
  if (Object.hasOwn(header, "crit") || Object.hasOwn(header, "b64")) {
    throw new TokenProblem("the token asks for extensions, and none is supported");
  }
  if (type !== undefined && mediaType(header["typ"]) !== type) {
    throw new TokenProblem("the token is of another type");
  }
  return alg;
}

/** A media type in lower case, without "application/", which may be left out (RFC 7515 section 4.1.9). */
export function mediaType(type: unknown): string | undefined {
  return typeof type === "string" ? type.toLowerCase().replace(/^application\//, "") : undefined;
}

function idOf({ kid }: Members): string | undefined {
  if (kid === undefined || typeof kid === "string") return kid;
  throw new TokenProblem("the token's kid is not a text");
}

/** Finds the key that has signed a token, also one that its issuer has only just begun to use. */
async function signerOf(
  token: string,
  algorithm: Algorithm,
  id: string | undefined,
  keys: KeySet,
): Promise<VerificationKey> {
  const current = await keys.current();
  const signer = await trySome(token, algorithm, fitting(current, algorithm, id));
  if (signer !== undefined) return signer;
  if (id !== undefined && hasId(current, id)) throw forged();
  // The key may be new.
  const next = await keys.lookFor(id);
  const added = next.filter((key) => !current.includes(key));
  const newSigner = await trySome(token, algorithm, fitting(added, algorithm, id));
  if (newSigner !== undefined) return newSigner;
  const isUnknown =
    id !== undefined && next.length > 0 && next.every((key) => key.id !== undefined);
  if (isUnknown && !hasId(next, id)) {
    throw new TokenProblem("the token is signed with a key that is not known");
  }
  throw forged();
}

function forged(): TokenProblem {
  return new TokenProblem("the token's signature is wrong");
}

function hasId(keys: readonly VerificationKey[], id: string): boolean {
  return keys.some((key) => key.id === id);
}

/** The keys that may have signed a token: those of its kid, or those without one if there are none. */
function fitting(
  keys: readonly VerificationKey[],
  algorithm: Algorithm,
  id: string | undefined,
): readonly VerificationKey[] {
  const able = keys.filter((key) => key.algorithms.includes(algorithm));
  if (id === undefined) return able;
  const named = able.filter((key) => key.id === id);
  return named.length > 0 ? named : able.filter((key) => key.id === undefined);
}

/** The first of some keys that has signed a token. */
async function trySome(
  token: string,
  algorithm: Algorithm,
  keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  for (const key of keys.slice(0, MOST_TRIES)) {
    // One after the other: the first is nearly always right.
    // oxlint-disable-next-line no-await-in-loop
    if (await hasSigned(token, algorithm, key)) return key;
  }
  return undefined;
}

async function hasSigned(
  token: string,
  algorithm: Algorithm,
  { material }: VerificationKey,
): Promise<boolean> {
  try {
    await compactVerify(token, material, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false;
    if (error instanceof errors.JWSInvalid) return false;
    throw error;
  }
}
