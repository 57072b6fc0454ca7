import { Type } from "@sinclair/typebox";
import { parseDuration } from "./duration.ts";

const SECONDS_OF: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const PATTERN =
  /^([0-9]{1,15}(?:\.[0-9]{1,15})?) ?(?:rp([smh])|(?:r|reqs?|requests?)? ?(?:\/|per) ?(?:(s)(?:ecs?|econds?)?|(m)(?:ins?|inutes?)?|(h)(?:rs?|ours?)?|(d)(?:ays?)?))$/;

/** A rate, and how it is written: 600 a minute is 10 per second. */
export interface WrittenRate {
  readonly perSecond: number;
  /** What is written in front of the unit: 600. */
  readonly count: number;
}

/** Reads "50/s", "600/min", "10rps" or "1000 per hour"; undefined for anything else. */
export function parseRate(written: string): WrittenRate | undefined {
  const match = PATTERN.exec(written);
  if (match === null) return undefined;
  const [, digits = "", ...units] = match;
  const unit = units.find((one) => one !== undefined) ?? "s";
  const count = Number(digits);
  return { perSecond: count / (SECONDS_OF[unit] ?? 1), count };
}

/** A rate in the configuration: a number per second, or text like "600/m". */
export const Rate = (options: { description: string; default?: number }) =>
  Type.Transform(
    Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.String({ pattern: PATTERN.source })], {
      ...options,
      expected: "a rate above zero: a number per second, like 50, or text like 50/s or 600/m",
      advice: rateAdvice,
    }),
  )
    .Decode((written): WrittenRate =>
      typeof written === "number"
        ? { perSecond: written, count: written }
        : (parseRate(written) ?? { perSecond: 0, count: 0 }),
    )
    .Encode(({ perSecond }) => perSecond);

/** "100/10s" is "10/s". */
function rateAdvice(written: string): string | undefined {
  const [, count, span] = /^([0-9]{1,15}) ?(?:\/|per) ?([0-9.]+ ?[a-z]+)$/.exec(written) ?? [];
  const milliseconds = span === undefined ? undefined : parseDuration(span);
  if (milliseconds === undefined || milliseconds === 0) return undefined;
  for (const [unit, seconds] of Object.entries(SECONDS_OF)) {
    const rate = (Number(count) * 1_000 * seconds) / milliseconds;
    if (Number.isInteger(rate) && rate > 0) return `write \`${rate}/${unit}\``;
  }
  return undefined;
}
