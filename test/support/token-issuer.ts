import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { CompactSign } from "jose";

/** A key of an issuer of tokens: it signs, and has a public form for a key set. */
export class SigningKey {
  readonly algorithm: string;
  readonly id: string | undefined;
  readonly private: KeyObject;
  readonly public: KeyObject;

  constructor(algorithm: string, id?: string) {
    this.algorithm = algorithm;
    this.id = id;
    this.private = newPrivateKey(algorithm);
    this.public = createPublicKey(this.private);
  }

  /** As it stands in a key set. */
  jwk(more: object = {}): object {
    const kid = this.id === undefined ? {} : { kid: this.id };
    return { ...this.public.export({ format: "jwk" }), ...kid, ...more };
  }

  /** In PEM, as SubjectPublicKeyInfo. */
  get pem(): string {
    return this.public.export({ format: "pem", type: "spki" });
  }

  sign(claims: object, header: object = {}): Promise<string> {
    const kid = this.id === undefined ? {} : { kid: this.id };
    return this.signText(JSON.stringify(claims), { ...kid, ...header });
  }

  signText(payload: string, header: object = {}): Promise<string> {
    return new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: this.algorithm, ...header })
      .sign(this.private);
  }
}

/** A JWK Set. */
export function keySet(...keys: readonly SigningKey[]): string {
  return JSON.stringify({ keys: keys.map((key) => key.jwk()) });
}

const CURVES: Readonly<Record<string, string>> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

function newPrivateKey(algorithm: string): KeyObject {
  const namedCurve = CURVES[algorithm];
  if (namedCurve !== undefined) return generateKeyPairSync("ec", { namedCurve }).privateKey;
  if (algorithm.startsWith("Ed")) return generateKeyPairSync("ed25519").privateKey;
  return generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
}

/** A token of these parts with a signature that nobody has made, or another's. */
export function unsigned(header: object, claims: object, signature = "AAAA"): string {
  return [part(header), part(claims), signature].join(".");
}

/** A part of a token, encoded. */
export function part(value: object | string): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return Buffer.from(text).toString("base64url");
}
