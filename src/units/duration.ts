import { Type } from "@sinclair/typebox";

const MILLISECONDS_OF: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
// So many digits and no more keep the value finite.
const PATTERN = /^(?:0|([0-9]{1,15}(?:\.[0-9]{1,15})?)(ms|s|m|h|d))$/;

/** Reads "250ms", "30s", "5m", "1.5h", "7d" or "0" as milliseconds; undefined for anything else. */
export function parseDuration(written: string): number | undefined {
  const match = PATTERN.exec(written);
  if (match === null) return undefined;
  const [, count = "0", unit = "ms"] = match;
  const milliseconds = Number(count) * (MILLISECONDS_OF[unit] ?? 1);
  // To microseconds, so that 1.005s is 1005ms and not a little less.
  return Math.round(milliseconds * 1_000) / 1_000;
}

/** A span of time in the configuration: text with a unit there, or 0; milliseconds in code. */
export const Duration = (options: { description: string; default?: string }) =>
  Type.Transform(
    Type.Union([Type.String({ pattern: PATTERN.source }), Type.Literal(0)], {
      ...options,
      expected: "a duration, like 250ms, 30s or 5m",
    }),
  )
    .Decode((written) => parseDuration(String(written)) ?? 0)
    .Encode((milliseconds) => `${milliseconds}ms`);
