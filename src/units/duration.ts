import { Type } from "@sinclair/typebox";

const MILLISECONDS_OF: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const PATTERN = "^(?:0|[0-9]+(?:\\.[0-9]+)?(?:ms|s|m|h|d))$";

/** Reads "250ms", "30s", "5m", "1.5h" or "7d" as milliseconds; undefined for anything else. */
export function parseDuration(written: string): number | undefined {
  if (!new RegExp(PATTERN).test(written)) return undefined;
  const unit = written.replace(/^[0-9.]+/, "");
  return Number.parseFloat(written) * (MILLISECONDS_OF[unit] ?? 1);
}

/** A span of time in the configuration: text with a unit there, milliseconds in code. */
export const Duration = (options: { description: string; default?: string }) =>
  Type.Transform(
    Type.String({ ...options, pattern: PATTERN, expected: "a duration, like 250ms, 30s or 5m" }),
  )
    .Decode((written) => parseDuration(written) ?? 0)
    .Encode((milliseconds) => `${milliseconds}ms`);
