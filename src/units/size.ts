import { Type } from "@sinclair/typebox";

const POWERS = "bkmgt";
const PATTERN = /^([0-9]{1,15}(?:\.[0-9]{1,15})?) ?(?:([KkMmGgTt])([Ii]?[Bb])?|[Bb]|[Bb]ytes?)$/;

/**
 * Reads "64KiB" or "10MB" as bytes, rounded to whole ones; undefined for anything else. A letter
 * alone ("10M", "64k") is a power of 1024, as nginx, HAProxy and Apache have it.
 */
export function parseSize(written: string): number | undefined {
  const match = PATTERN.exec(written);
  if (match === null) return undefined;
  const [, count = "", letter = "b", rest] = match;
  const base = rest?.toLowerCase() === "b" ? 1_000 : 1_024;
  return Math.round(Number(count) * base ** POWERS.indexOf(letter.toLowerCase()));
}

/** An amount of data in the configuration: bytes as a number, or text with a unit; bytes in code. */
export const Size = (options: { description: string; default?: string | number }) =>
  Type.Transform(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: PATTERN.source })], {
      ...options,
      expected: "a size, like 64KiB or 10MB, or a number of bytes",
      advice: sizeAdvice,
    }),
  )
    .Decode((written) => (typeof written === "number" ? written : (parseSize(written) ?? 0)))
    .Encode((bytes) => bytes);

function sizeAdvice(written: string): string | undefined {
  if (written.startsWith("-")) return "a size cannot be negative";
  if (/^(?:unlimited|infinite|infinity|none|off|no)$/i.test(written))
    return "write a large size, like `1TB`";
  return undefined;
}
