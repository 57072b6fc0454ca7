import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * Keys that the gateway issues look like `gw_`, 32 random characters, and 6 that check them: scanners for
 * secrets recognize them without false alarms, and a mistyped one is told from an unknown one.
 */
const PREFIX = "gw_";
/** 190 bits. */
const RANDOM_CHARACTERS = 32;
const CHECK_CHARACTERS = 6;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ISSUED = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_CHARACTERS + CHECK_CHARACTERS}}$`);

/** A new key. `random` fills an array with unpredictable bytes. */
export function newKey(random: (bytes: Uint8Array) => void): string {
  let text = PREFIX;
  const bytes = new Uint8Array(64);
  while (text.length < PREFIX.length + RANDOM_CHARACTERS) {
    random(bytes);
    for (const byte of bytes) {
      // Only multiples of 62 are used: the others would make some characters likelier.
      if (byte >= 248 || text.length === PREFIX.length + RANDOM_CHARACTERS) continue;
      text += ALPHABET.charAt(byte % 62);
    }
  }
  return text + checkOf(text);
}

/** Whether a text has the form of an issued key; then whether its last characters check the others. */
export function issuedKey(text: string): "right" | "mistyped" | undefined {
  if (!ISSUED.test(text)) return undefined;
  const body = text.slice(0, -CHECK_CHARACTERS);
  return text === body + checkOf(body) ? "right" : "mistyped";
}

/** The CRC-32 of a text in base 62. */
function checkOf(text: string): string {
  let rest = crc32(text);
  let check = "";
  while (check.length < CHECK_CHARACTERS) {
    check = ALPHABET.charAt(rest % 62) + check;
    rest = Math.floor(rest / 62);
  }
  return check;
}

/** What stands for a key in a file: `sha256:` and 64 hexadecimal digits. Of the key's bytes in UTF-8. */
export function hashOfKey(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

/**
 * The most bits that guessing a key could take: its length times the size of the alphabet that it seems to
 * be made of. A lower bound does not exist: nobody sees of a text how it came about.
 */
export function bitsAtMost(key: string): number {
  const classes: readonly (readonly [RegExp, number])[] = [
    [/[0-9]/, 10],
    [/[a-f]/, 6],
    [/[g-z]/, 20],
    [/[A-F]/, 6],
    [/[G-Z]/, 20],
    [/[^0-9A-Za-z]/, 2],
  ];
  const size = classes.reduce((sum, [of, count]) => sum + (of.test(key) ? count : 0), 0);
  const distinct = new Set(key).size;
  // A text of few different characters is a repetition, not chance.
  return key.length * Math.log2(Math.max(1, Math.min(size, distinct * 3)));
}
