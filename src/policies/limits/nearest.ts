import type { Chain } from "../../pipeline/chain.ts";
import type { Limit } from "./limit.ts";
import { limitsIn } from "./rate-limit.ts";
import type { KeyedBuckets } from "./keyed-buckets.ts";

/** A key that has used up most of what a rate limit gives it. */
export interface NearLimit {
  readonly limit: Limit;
  readonly key: string;
  /** Tokens that are there. */
  readonly left: number;
  /** Milliseconds until it has all of them again. */
  readonly fullIn: number;
  /** The routes that charge it. */
  readonly routes: readonly string[];
}

/**
 * Of each rate limit the keys that are nearest to exhaustion, as far as this process counts; `now` is
 * monotonic, in milliseconds.
 */
export function nearestLimits(
  routes: Iterable<{ readonly id: string; readonly chain: Chain }>,
  most: number,
  now: number,
): NearLimit[] {
  const known = new Map<KeyedBuckets, { limit: Limit; routes: string[] }>();
  for (const { id, chain } of routes) {
    for (const limit of limitsIn(chain.policies)) {
      const before = known.get(limit.local);
      if (before === undefined) known.set(limit.local, { limit, routes: [id] });
      else if (!before.routes.includes(id)) before.routes.push(id);
    }
  }
  return [...known.values()].flatMap(({ limit, routes: of }) =>
    limit.local.lowest(most, now).map(({ key, level }) => ({
      limit,
      key,
      left: limit.size.tokensIn(level),
      fullIn: limit.size.microsecondsUntil(limit.size.burst, level) / 1_000,
      routes: of,
    })),
  );
}
