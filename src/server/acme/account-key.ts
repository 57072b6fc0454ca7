import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { base64url } from "./x509.ts";

/** What every request to an issuer is signed over besides its payload (RFC 8555 section 6.2). */
export interface SignedFor {
  readonly url: string;
  readonly nonce: string;
  /** The account's URL; undefined before the issuer has given it one: then the key itself is sent. */
  readonly account: string | undefined;
}

/** The key of an account at an issuer: ECDSA on P-256, so that its signatures are ES256. */
export class AccountKey {
  readonly #key: KeyObject;
  readonly #jwk: Readonly<Record<string, string>>;
  /** Of the public key (RFC 7638). */
  readonly thumbprint: string;

  constructor(key: KeyObject) {
    this.#key = key;
    const { crv = "", kty = "", x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
    // In this order, because the thumbprint is of this text.
    this.#jwk = { crv, kty, x, y };
    this.thumbprint = createHash("sha256").update(JSON.stringify(this.#jwk)).digest("base64url");
  }

  /** Throws an Error if it is not a private key on P-256 in PEM. */
  static fromPem(pem: string): AccountKey {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
      throw new Error("the account's key is not on the curve P-256");
    }
    return new AccountKey(key);
  }

  /** What proves, at a challenge, that its answer comes from this account (RFC 8555 section 8.1). */
  authorize(token: string): string {
    return `${token}.${this.thumbprint}`;
  }

  /** The body of a request: JWS in its flattened form. `payload` undefined asks without sending anything. */
  sign(payload: unknown, { url, nonce, account }: SignedFor): string {
    const identity = account === undefined ? { jwk: this.#jwk } : { kid: account };
    const head = base64url(JSON.stringify({ alg: "ES256", ...identity, nonce, url }));
    const content = payload === undefined ? "" : base64url(JSON.stringify(payload));
    const signature = sign("sha256", Buffer.from(`${head}.${content}`), {
      key: this.#key,
      dsaEncoding: "ieee-p1363",
    });
    return JSON.stringify({ protected: head, payload: content, signature: base64url(signature) });
  }
}
