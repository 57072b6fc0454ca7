import { Type } from "@sinclair/typebox";

const BYTES_OF: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const PATTERN = /^([0-9]{1,15}(?:\.[0-9]{1,15})?)(B|[KMGT]i?B)$/;

/** Reads "64KiB" or "10MB" as bytes, rounded to whole ones; undefined for anything else. */
export function parseSize(written: string): number | undefined {
  const match = PATTERN.exec(written);
  if (match === null) return undefined;
  const [, count = "", unit = ""] = match;
  return Math.round(Number(count) * (BYTES_OF[unit] ?? 1));
}

/** An amount of data in the configuration: bytes as a number, or text with a unit; bytes in code. */
export const Size = (options: { description: string; default?: string | number }) =>
  Type.Transform(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: PATTERN.source })], {
      ...options,
      expected: "a size, like 64KiB or 10MB, or a number of bytes",
    }),
  )
    .Decode((written) => (typeof written === "number" ? written : (parseSize(written) ?? 0)))
    .Encode((bytes) => bytes);
