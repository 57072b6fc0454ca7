import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const SALT_BYTES = 16;
const TAG_BYTES = 16;

/**
 * Encrypts and authenticates texts that only gateways with the same secrets read, such as cookies, with
 * AES-256-GCM. Key and nonce of each text are derived from a random salt, as in RFC 8188 section 2: so
 * one secret is good for any number of texts. Synchronous, because it is needed for every request.
 */
export class Sealing {
  readonly #keys: readonly Uint8Array[];

  /**
   * The first secret seals, all of them open. What is sealed for one context is opened for no other,
   * even with the same secrets.
   */
  constructor(secrets: readonly string[], context: string) {
    this.#keys = secrets.map((secret) =>
      derive(secret, "", `gateway sealing ${context}`, KEY_BYTES),
    );
  }

  /** Returns base64url. It is opened for the same purpose only. */
  seal(text: string, purpose: string): string {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("there is no key");
    const salt = randomBytes(SALT_BYTES);
    const { own, nonce } = keyFor(key, salt, purpose);
    const cipher = createCipheriv(CIPHER, own, nonce);
    const parts = [salt, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(parts).toString("base64url");
  }

  /** Undefined for everything that was not sealed for this purpose with one of the secrets. */
  open(sealed: string, purpose: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < SALT_BYTES + TAG_BYTES) return undefined;
    for (const key of this.#keys) {
      const text = openWith(key, bytes, purpose);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}

function openWith(key: Uint8Array, bytes: Buffer, purpose: string): string | undefined {
  const { own, nonce } = keyFor(key, bytes.subarray(0, SALT_BYTES), purpose);
  const decipher = createDecipheriv(CIPHER, own, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const content = decipher.update(bytes.subarray(SALT_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([content, decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

function keyFor(key: Uint8Array, salt: Uint8Array, purpose: string) {
  const bytes = derive(key, salt, purpose, KEY_BYTES + NONCE_BYTES);
  return { own: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) };
}

function derive(
  secret: string | Uint8Array,
  salt: string | Uint8Array,
  info: string,
  bytes: number,
): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, salt, info, bytes));
}
