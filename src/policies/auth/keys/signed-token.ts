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

/** A token taken apart. Nothing of it has been verified. */
export interface ReadToken {
  readonly text: string;
  readonly header: Members;
  /** The payload, still encoded. */
  readonly payload: string;
}

/** Takes a JWT in compact form apart (RFC 7519 section 7.2). Throws a TokenProblem. */
export function readToken(text: string): ReadToken {
  const [head, payload] = partsOf(text);
  return { text, header: members(head, "header", DEEPEST_HEADER), payload };
}

/** A token's claims. Nobody vouches for them before its signature is verified. Throws a TokenProblem. */
export function readClaims({ payload }: ReadToken): Members {
  return members(payload, "payload", DEEPEST_CLAIMS);
}

export interface SignatureRules {
  readonly keys: KeySet;
  /** A key is used only for those of these that fit its type. */
  readonly algorithms: ReadonlySet<Algorithm>;
  /** The header's `typ`, as `mediaType` reads it; undefined for any. */
  readonly type?: string | undefined;
}

/**
 * The algorithm of a token whose header is acceptable (RFC 7515 section 5.2, RFC 8725 section 3). What it
 * says of keys, other than the name of one, is ignored: `jwk`, `jku`, `x5u`, `x5c`. Throws a TokenProblem.
 */
export function algorithmOf(
  { header }: ReadToken,
  { algorithms, type }: Omit<SignatureRules, "keys">,
): Algorithm {
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
  const { kid } = header;
  if (kid !== undefined && typeof kid !== "string") {
    throw new TokenProblem("the token's kid is not a text");
  }
  return alg;
}

/**
 * Finds the key that has signed a token, also one that its issuer has only just begun to use. Rejects
 * with a TokenProblem if there is none, or with KeysUnavailable.
 */
export async function signerOf(
  token: ReadToken,
  algorithm: Algorithm,
  keys: KeySet,
): Promise<VerificationKey> {
  const { text, header } = token;
  const id = typeof header["kid"] === "string" ? header["kid"] : undefined;
  const current = await keys.current();
  const signer = await trySome(text, algorithm, fitting(current, algorithm, id));
  if (signer !== undefined) return signer;
  if (id !== undefined && hasId(current, id)) throw forged();
  // The key may be new.
  const next = await keys.lookFor(id);
  const added = next.filter((key) => !current.includes(key));
  const newSigner = await trySome(text, algorithm, fitting(added, algorithm, id));
  if (newSigner !== undefined) return newSigner;
  if (id === undefined || hasId(next, id) || next.some((key) => key.id === undefined))
    throw forged();
  throw new TokenProblem("the token is signed with a key that is not known");
}

/** A token whose signature is right. Nothing has been checked of its claims yet. */
export interface SignedToken {
  readonly header: Members;
  readonly claims: Members;
  /** What has signed it. Once that is retired, the token is no longer valid. */
  readonly key: VerificationKey;
}

/** Verifies a JWT except for its claims. Rejects with a TokenProblem, or with KeysUnavailable. */
export async function verifySignature(text: string, rules: SignatureRules): Promise<SignedToken> {
  const token = readToken(text);
  const algorithm = algorithmOf(token, rules);
  const claims = readClaims(token);
  return { header: token.header, claims, key: await signerOf(token, algorithm, rules.keys) };
}

// Base64url without padding bits that mean something to nobody: a token has one text (RFC 4648 section 3.5).
const PART = "(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?";
const COMPACT = new RegExp(`^(?=[^.])(${PART})\\.(?=[^.])(${PART})\\.(?=.)${PART}$`);

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
  let value: unknown;
  try {
    value = parseStrictJson(utf8.decode(Buffer.from(encoded, "base64url")), deepest);
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

/** A media type in lower case, without "application/", which may be left out (RFC 7515 section 4.1.9). */
export function mediaType(type: unknown): string | undefined {
  return typeof type === "string" ? type.toLowerCase().replace(/^application\//, "") : undefined;
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
