import { createHash } from "node:crypto";

/**
 * Keys of TLS settings, equal for equal settings. Short, because settings may hold the certificates of
 * a hundred authorities; hashes, because they may hold a private key. Each is computed once per object.
 */
export class TlsKeys {
  readonly #keys = new WeakMap<Bun.TLSOptions, string>();

  of(tls: Bun.TLSOptions): string {
    let key = this.#keys.get(tls);
    if (key === undefined) {
      key = createHash("sha256").update(JSON.stringify(tls)).digest("base64");
      this.#keys.set(tls, key);
    }
    return key;
  }
}
