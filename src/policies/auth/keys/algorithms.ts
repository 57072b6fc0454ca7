/** What a signature algorithm (RFC 7518 section 3.1, RFC 8037, RFC 9864) needs of its key. */
interface AlgorithmKey {
  /** A JWK's `kty`. */
  readonly type: "RSA" | "EC" | "OKP" | "oct";
  /** A JWK's `crv`. */
  readonly curve?: string;
  /** Of a secret: RFC 7518 section 3.2. */
  readonly leastBytes?: number;
}

/** Every algorithm whose signatures can be verified. `none` is not one. */
export const algorithms = {
  RS256: { type: "RSA" },
  RS384: { type: "RSA" },
  RS512: { type: "RSA" },
  PS256: { type: "RSA" },
  PS384: { type: "RSA" },
  PS512: { type: "RSA" },
  ES256: { type: "EC", curve: "P-256" },
  ES384: { type: "EC", curve: "P-384" },
  ES512: { type: "EC", curve: "P-521" },
  EdDSA: { type: "OKP", curve: "Ed25519" },
  Ed25519: { type: "OKP", curve: "Ed25519" },
  HS256: { type: "oct", leastBytes: 32 },
  HS384: { type: "oct", leastBytes: 48 },
  HS512: { type: "oct", leastBytes: 64 },
} as const satisfies Readonly<Record<string, AlgorithmKey>>;

export type Algorithm = keyof typeof algorithms;

export const algorithmNames = Object.keys(algorithms) as readonly Algorithm[];

/** What anybody may know the key of, so that it proves who has signed. */
export const asymmetricAlgorithms: readonly Algorithm[] = algorithmNames.filter(
  (name) => algorithms[name].type !== "oct",
);

/** Names are compared exactly: "NONE" and "rs256" are no algorithms (RFC 7515 section 4.1.1). */
export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === "string" && Object.hasOwn(algorithms, name);
}

/** The algorithms that a key of a type and curve verifies. */
export function algorithmsFor(type: string, curve?: string): readonly Algorithm[] {
  return algorithmNames.filter((name) => {
    const key: AlgorithmKey = algorithms[name];
    return key.type === type && key.curve === curve;
  });
}

/** The algorithms for which a secret is long enough. */
export function algorithmsForSecret(bytes: number): readonly Algorithm[] {
  return algorithmsFor("oct").filter((name) => bytes >= leastBytes(name));
}

/** The bytes that a secret needs for an algorithm; 0 for those without secrets. */
export function leastBytes(name: Algorithm): number {
  const key: AlgorithmKey = algorithms[name];
  return key.leastBytes ?? 0;
}

/** Whether tokens and keys may name either: EdDSA with the only curve that is supported is Ed25519. */
export function isSameAlgorithm(one: string, other: string): boolean {
  return one === other || (EDDSA.has(one) && EDDSA.has(other));
}

const EDDSA: ReadonlySet<string> = new Set(["EdDSA", "Ed25519"]);
