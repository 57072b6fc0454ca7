import { createHash } from "node:crypto";

/**
 * The same for all settings that say the same, in however many objects. Short, as they may hold the
 * certificates of a hundred authorities, and not to be read, as they may hold a private key.
 */
export function tlsKey(tls: Bun.TLSOptions): string {
  return createHash("sha256").update(JSON.stringify(tls)).digest("base64");
}
