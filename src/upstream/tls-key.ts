import { createHash } from "node:crypto";

/**
 * Equal for equal settings. Short, because settings may hold the certificates of a hundred
 * authorities; a hash, because they may hold a private key.
 */
export function tlsKey(tls: Bun.TLSOptions): string {
  return createHash("sha256").update(JSON.stringify(tls)).digest("base64");
}
