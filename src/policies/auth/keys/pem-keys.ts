import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { type KnownKey, KeySetProblem, type ReadKeys } from "./jwk-set.ts";
import { KeyProblem, VerificationKey } from "./verification-key.ts";

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** Whether a text is PEM itself, and not the name of a file with it. */
export function isPem(text: string): boolean {
  return text.includes("-----BEGIN ");
}

/**
 * Reads the public keys and certificates of PEM text, whose line breaks may be written as `\n`. What a
 * certificate says of its time and its issuer is not looked at, and certificates of issuers of others
 * before them are left out. Keys that were `known` are the same objects afterwards. Throws a
 * KeySetProblem.
 */
export function readPem(text: string, known: readonly KnownKey[] = []): ReadKeys {
  const blocks = [...text.replaceAll("\\n", "\n").matchAll(BLOCK)];
  const isPrivate = blocks.some(([, label = ""]) => label.endsWith("PRIVATE KEY"));
  if (isPrivate) {
    throw new KeySetProblem(
      "it has a private key, and the public one is enough; `openssl pkey -in private.pem -pubout` prints that",
    );
  }
  const issuers = new Set<string>();
  const keys: KnownKey[] = [];
  for (const [block, label = ""] of blocks) {
    const key = publicKeyIn(block, label, issuers);
    if (key === undefined) continue;
    const pem = key.export({ format: "pem", type: "spki" });
    const same = known.find((other) => other.text === pem);
    keys.push(same ?? { text: pem, key: usable(key) });
  }
  if (keys.length > 0) return { keys, warnings: [] };
  throw new KeySetProblem("it has neither a public key nor a certificate in PEM");
}

/** Undefined for what is no key of its own; adds to the names of issuers. */
function publicKeyIn(block: string, label: string, issuers: Set<string>): KeyObject | undefined {
  try {
    if (label.endsWith("PUBLIC KEY")) return createPublicKey(block);
    if (!label.endsWith("CERTIFICATE")) return undefined;
    const { subject, issuer, publicKey } = new X509Certificate(block);
    if (issuers.has(subject)) return undefined;
    issuers.add(issuer);
    return publicKey;
  } catch (error) {
    throw new KeySetProblem(`its ${label.toLowerCase()} is damaged, or of an unknown type`, {
      cause: error,
    });
  }
}

function usable(key: KeyObject): VerificationKey {
  try {
    return VerificationKey.ofPublic(key);
  } catch (error) {
    if (error instanceof KeyProblem) throw new KeySetProblem(error.message, { cause: error });
    throw error;
  }
}
