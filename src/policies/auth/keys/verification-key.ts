import type { KeyObject } from "node:crypto";
import { type Algorithm, algorithmsFor, algorithmsForSecret } from "./algorithms.ts";

const FEWEST_RSA_BITS = 2_048;
/** Longer ones take long to compute with. */
const MOST_RSA_BITS = 16_384;
const LARGEST_EXPONENT = 2n ** 32n - 1n;

/** Why a key cannot be used, as a clause for the operator. */
export class KeyProblem extends Error {
  override readonly name = "KeyProblem";
}

interface KeyOptions {
  /** A JWK's `kid`. */
  readonly id?: string | undefined;
  /** Which of its algorithms a key's owner wants it to be used with; all without it. */
  readonly allows?: (algorithm: Algorithm) => boolean;
}

/** A key, and the algorithms that its type makes it fit for. */
export class VerificationKey {
  /** Undefined for a key without one, which fits tokens of any. */
  readonly id: string | undefined;
  readonly algorithms: readonly Algorithm[];
  /** What `jose` verifies with. */
  readonly material: KeyObject | Uint8Array;
  /** True once its issuer does not have it any more: what it has signed is no longer valid. */
  isRetired = false;

  private constructor(
    material: KeyObject | Uint8Array,
    algorithms: readonly Algorithm[],
    id: string | undefined,
  ) {
    this.material = material;
    this.algorithms = algorithms;
    this.id = id;
  }

  /** Throws a KeyProblem for a key that is not public, too weak, or of a type that signs no tokens. */
  static ofPublic(key: KeyObject, { id, allows = () => true }: KeyOptions = {}): VerificationKey {
    return new VerificationKey(key, algorithmsOf(key).filter(allows), id);
  }

  /** A secret that the issuer has as well, for the algorithms that it is long enough for. */
  static ofSecret(secret: Uint8Array): VerificationKey {
    return new VerificationKey(secret, algorithmsForSecret(secret.length), undefined);
  }
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type !== "public") throw new KeyProblem("it is not a public key");
  const { namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType ?? "?";
  if (type === "rsa") {
    checkRsa(key);
    return algorithmsFor("RSA");
  }
  if (type === "ed25519") return algorithmsFor("OKP", "Ed25519");
  const curve = CURVES[namedCurve];
  if (type === "ec" && curve !== undefined) return algorithmsFor("EC", curve);
  const what = type === "ec" ? `on the curve ${namedCurve}` : `of the type ${type}`;
  throw new KeyProblem(
    `it is ${what}; supported are RSA, Ed25519, and the curves P-256, P-384 and P-521`,
  );
}

function checkRsa(key: KeyObject): void {
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (bits < FEWEST_RSA_BITS) {
    throw new KeyProblem(
      `it is an RSA key of ${bits} bits, and fewer than ${FEWEST_RSA_BITS} are not safe`,
    );
  }
  if (bits > MOST_RSA_BITS) {
    throw new KeyProblem(
      `it is an RSA key of ${bits} bits; at most ${MOST_RSA_BITS} are supported`,
    );
  }
  // With 1, anybody can sign.
  if (exponent < 3n || exponent % 2n === 0n || exponent > LARGEST_EXPONENT) {
    throw new KeyProblem(`its RSA exponent is not an odd number from 3 to ${LARGEST_EXPONENT}`);
  }
}
