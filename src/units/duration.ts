import { Type } from "@sinclair/typebox";

const MILLISECONDS_OF: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Units and their spellings. */
const UNITS: readonly (readonly [unit: string, spellings: string])[] = [
  ["us", "us|µs|μs|microseconds?"],
  ["ms", "ms|msecs?|milliseconds?"],
  ["s", "s|secs?|seconds?"],
  ["m", "m|mins?|minutes?"],
  ["h", "h|hrs?|hours?"],
  ["d", "d|days?"],
  ["w", "w|weeks?"],
];

// The limit on digits keeps the value finite.
const COUNT = "[0-9]{1,15}(?:\\.[0-9]{1,15})?";
const UNIT = UNITS.map(([, spellings]) => spellings).join("|");
const PATTERN = new RegExp(`^(?:0|${COUNT} ?(?:${UNIT})(?: ?${COUNT} ?(?:${UNIT}))*)$`);
const PART = new RegExp(`(${COUNT}) ?(${UNIT})(?![a-zµμ])`, "g");
const SPELLINGS = UNITS.map(
  ([unit, spellings]) => [unit, new RegExp(`^(?:${spellings})$`)] as const,
);

const DAY = 86_400_000;
const YEAR_DAYS = 365;

/**
 * Reads "250ms", "30s", "1.5h", "7d", "1h30m", "30 seconds" or "0" as milliseconds; undefined for
 * anything else.
 */
export function parseDuration(written: string): number | undefined {
  if (!PATTERN.test(written)) return undefined;
  let milliseconds = 0;
  for (const [, count, spelling = ""] of written.matchAll(PART)) {
    const unit = SPELLINGS.find(([, spellings]) => spellings.test(spelling))?.[0] ?? "ms";
    milliseconds += Number(count) * (MILLISECONDS_OF[unit] ?? 1);
  }
  // Rounded to microseconds, so that 1.005s is 1005ms and not a little less. Never rounded to 0, which
  // often means that there is no limit.
  const rounded = Math.round(milliseconds * 1_000) / 1_000;
  return rounded === 0 && milliseconds > 0 ? 0.001 : rounded;
}

/** Milliseconds as text for people: "250ms", "1.5s", "5m". */
export function durationText(milliseconds: number): string {
  const rounded = Math.round(milliseconds);
  if (rounded < 1_000) return `${rounded}ms`;
  if (rounded >= 60_000 && rounded % 60_000 === 0) return `${rounded / 60_000}m`;
  return `${Number((rounded / 1_000).toFixed(1))}s`;
}

interface DurationOptions {
  readonly description: string;
  readonly default?: string;
  /** For the reference, where the value is not filled in. */
  readonly impliedDefault?: string;
  /** The longest valid duration in days; a year by default. */
  readonly longestDays?: number;
}

/** A duration in the configuration: text with a unit, or 0; milliseconds in code. */
export const Duration = ({ longestDays = YEAR_DAYS, ...options }: DurationOptions) =>
  Type.Transform(
    Type.Union([Type.String({ pattern: PATTERN.source }), Type.Literal(0)], {
      ...options,
      expected: "a duration, like 250ms, 30s or 5m",
      advice: durationAdvice,
    }),
  )
    .Decode((written) => {
      const milliseconds = parseDuration(String(written)) ?? 0;
      if (milliseconds <= longestDays * DAY) return milliseconds;
      throw new Error(`\`${written}\` is too long: this is at most ${longestDays}d`);
    })
    .Encode((milliseconds) => `${milliseconds}ms`);

/** What to write instead of a text that is not a duration. */
function durationAdvice(written: string): string | undefined {
  if (/^(?:off|no|none|false|disabled)$/i.test(written)) return "to turn it off, write 0";
  if (written.startsWith("-")) return "a duration cannot be negative";
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(written)) return `it needs a unit: write ${withUnit(written)}`;
  if (/^[0-9.]+ ?ns$/.test(written)) return "the shortest unit is `us`";
  if (/^[0-9.]+ ?(?:y|years?)$/i.test(written))
    return `there is no unit for years: write days, like \`${YEAR_DAYS}d\``;
  if (/^[0-9.]+ ?(?:M|mon|months?)$/.test(written))
    return "write `1m` for a minute, `30d` for a month";
  const lower = written.toLowerCase();
  const [, last = ""] = /([a-z]+) ?[0-9.]+$/.exec(lower) ?? [];
  const candidates = [lower, `${lower}${UNIT_BELOW[last] ?? ""}`];
  const meant = candidates.find((candidate) => parseDuration(candidate) !== undefined);
  return meant === undefined ? undefined : `write \`${meant}\``;
}

const UNIT_BELOW: Readonly<Record<string, string>> = { d: "h", h: "m", m: "s", s: "ms" };

/** 3000 rarely means seconds, and 30000000000, which is Go's 30s, never does. */
function withUnit(written: string): string {
  const count = Number(written);
  if (count < 1_000) return `\`${written}s\` for seconds`;
  if (count < 1e9) return `\`${written}ms\` for milliseconds, \`${written}s\` for seconds`;
  const milliseconds = count / 1e6;
  const meant = milliseconds % 1_000 === 0 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`;
  return `\`${meant}\`, if nanoseconds are meant`;
}
