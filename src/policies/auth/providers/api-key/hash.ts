import { Type } from "@sinclair/typebox";
import { hashOfKey } from "./key-text.ts";

const WRITTEN = /^sha-?256[:$] ?([0-9a-f]{64})$/i;

const COMMAND = "`gateway key hash`";
const NEW = "`gateway key new`";

/**
 * The hash of a key, as it stands in a file; its hexadecimal digits in code. SHA-256 is enough: slow hashes
 * protect passwords, which can be guessed by trying likely ones. Nobody guesses 128 random bits, however
 * fast each try is, and a slow hash for every request would only help those who flood the gateway.
 */
export const KeyHash = Type.Transform(
  Type.String({
    takesNumbers: true,
    expected: "sha256: and 64 hexadecimal digits",
    description: `\`sha256:\` and the hexadecimal SHA-256 of the key, as ${NEW} and ${COMMAND} print it. The key must be random, of 128 bits or more: then no slow hash is needed, and none would help.`,
  }),
)
  .Decode((written) => {
    const digits = WRITTEN.exec(written.trim())?.[1]?.toLowerCase();
    if (digits === undefined) throw new Error(problemOf(written.trim()));
    if (digits === EMPTY) throw new Error(`this is the hash of an empty text; use ${NEW}`);
    return digits;
  })
  .Encode((digits) => `sha256:${digits}`);

const EMPTY = hashOfKey("").slice("sha256:".length);

/** What is wrong with a text that is no hash; quotes nothing of it. */
function problemOf(written: string): string {
  if (/^\$(?:2[abxy]?|argon2|5|6|7|apr1)/.test(written)) {
    return `this is a hash for passwords; a key is random and needs none, and its hash is what ${COMMAND} prints`;
  }
  if (/^(?:md5|sha-?1|sha-?384|sha-?512|sha3|blake)\b/i.test(written)) {
    return `of hashes only SHA-256 is supported; ${COMMAND} prints that of a key`;
  }
  if (/^[0-9a-f]{64}$/i.test(written)) {
    return `if this is a SHA-256 in hexadecimal, write \`sha256:\` in front of it; if it is the key itself, replace it by what ${COMMAND} prints for it`;
  }
  if (/^sha-?256/i.test(written)) {
    return `a SHA-256 has 64 hexadecimal digits; ${COMMAND} prints that of a key`;
  }
  return `this is no hash; if it is the key itself, everyone who can read it here can use it: replace it by what ${COMMAND} prints for it, or by a new key from ${NEW}`;
}
