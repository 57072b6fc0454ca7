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

interface SizeOptions {
  readonly description: string;
  readonly default?: string | number;
  /** The smallest and the largest valid size in bytes. */
  readonly least?: number;
  readonly most?: number;
}

/** An amount of data in the configuration: bytes as a number, or text with a unit; bytes in code. */
export const Size = ({ least = 0, most = Infinity, ...options }: SizeOptions) =>
  Type.Transform(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: PATTERN.source })], {
      ...options,
      expected: "a size, like 64KiB or 10MB, or a number of bytes",
      advice: sizeAdvice,
    }),
  )
    .Decode((written) => {
      const bytes = typeof written === "number" ? written : (parseSize(written) ?? 0);
      if (bytes < least)
        throw new Error(`\`${written}\` is too small: this is at least ${sizeText(least)}`);
      if (bytes > most)
        throw new Error(`\`${written}\` is too large: this is at most ${sizeText(most)}`);
      return bytes;
    })
    .Encode((bytes) => bytes);

function sizeAdvice(written: string): string | undefined {
  if (written.startsWith("-")) return "a size cannot be negative";
  if (/^(?:unlimited|infinite|infinity|none|off|no)$/i.test(written))
    return "write a large size, like `1TB`";
  return undefined;
}

const UNITS = [
  ["GiB", 1_024 ** 3],
  ["MiB", 1_024 ** 2],
  ["KiB", 1_024],
  ["GB", 1_000 ** 3],
  ["MB", 1_000 ** 2],
  ["KB", 1_000],
] as const;

/** As it is written in a configuration: "64KiB", "100MB"; bytes that are no whole number of these stay. */
export function sizeText(bytes: number): string {
  const unit = bytes === 0 ? undefined : UNITS.find(([, size]) => bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}
