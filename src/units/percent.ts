import { Type } from "@sinclair/typebox";

const PATTERN = /^([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%$/;

/** Reads "20%" as 0.2; undefined for anything else, and above 100%. */
export function parsePercent(written: string): number | undefined {
  const [, count] = PATTERN.exec(written) ?? [];
  const share = Number(count) / 100;
  return share <= 1 ? share : undefined;
}

interface PercentOptions {
  readonly description: string;
  readonly default?: string;
  /** For the reference, where the value is not filled in. */
  readonly impliedDefault?: string;
  /** The smallest and the largest valid share. */
  readonly least?: number;
  readonly most?: number;
}

/** A percentage in the configuration, like 20%; a share from 0 to 1 in code. */
export const Percent = ({ least = 0, most = 1, ...options }: PercentOptions) =>
  Type.Transform(
    Type.String({
      pattern: PATTERN.source,
      ...options,
      expected: "a percentage, like 20%",
      advice: percentAdvice,
    }),
  )
    .Decode((written) => {
      const share = parsePercent(written);
      if (share !== undefined && share >= least && share <= most) return share;
      throw new Error(`\`${written}\` is not from ${percent(least)} to ${percent(most)}`);
    })
    .Encode(percent);

function percent(share: number): string {
  // 0.07 * 100 is a little more than 7.
  return `${Number((share * 100).toFixed(6))}%`;
}

/** A number without a sign may be a share or a percentage. */
function percentAdvice(written: string): string | undefined {
  if (!/^[0-9]{1,3}(?:\.[0-9]{1,6})?$/.test(written)) return undefined;
  const count = Number(written);
  return `write \`${percent(count <= 1 ? count : count / 100)}\``;
}
