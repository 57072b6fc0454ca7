import { StoreUnavailable } from "../../../pipeline/shared-store.ts";
import { nearestLimits } from "../../../policies/limits/nearest.ts";
import { describeCount } from "../../../policies/quota/description.ts";
import { type KnownQuota, quotasOfRoutes } from "../../../policies/quota/overview.ts";
import type { Snapshot } from "../../../runtime/snapshot/snapshot.ts";
import type { Clock } from "../../../time/clock.ts";
import type { Limits } from "./schemas/state.ts";

type NearestLimit = Limits["limits"][number];

/** Of one limit, and of all. */
const MOST_KEYS = 20;
const MOST = 100;
/** Limits of routes that are looked at: a configuration may have ten thousand. */
const MOST_ROUTES = 2_000;

/** What is nearest to exhaustion: keys of rate limits and of quotas. */
export async function limitsOf({ routes }: Snapshot, clock: Clock): Promise<NearestLimit[]> {
  const looked = routes.slice(0, MOST_ROUTES);
  const rates = nearestLimits(looked, MOST_KEYS, clock.monotonic()).map(
    ({ limit, key, left, fullIn, routes: of }): NearestLimit => ({
      route: of.length === 1 ? (of[0] ?? "") : "*",
      policy: `rate_limit ${limit.name}`,
      key,
      used: limit.size.burst - left,
      limit: limit.size.burst,
      left_ratio: left / limit.size.burst,
      resets_at: new Date(clock.wall() + fullIn).toISOString(),
    }),
  );
  const quotas = await quotaLimits(quotasOfRoutes(looked), clock.wall());
  return [...rates, ...quotas]
    .toSorted((one, other) => one.left_ratio - other.left_ratio)
    .slice(0, MOST);
}

async function quotaLimits(quotas: readonly KnownQuota[], now: number): Promise<NearestLimit[]> {
  const near: NearestLimit[] = [];
  for (const quota of quotas) {
    const sheet = quota.rule.counts.sheetAt(now);
    const query = { key: undefined, offset: 0, limit: MOST_KEYS };
    let counts;
    try {
      ({ counts } = await quota.counting.list([sheet], query));
    } catch (error) {
      if (error instanceof StoreUnavailable) return near;
      throw error;
    }
    for (const count of counts) {
      const { key, used, limit, granted, remaining, period_ends } = describeCount(
        quota,
        count,
        count,
      );
      const whole = limit + granted;
      near.push({
        route: quota.routes.length === 1 ? (quota.routes[0] ?? "") : "*",
        policy: `quota ${quota.id.name} per ${quota.id.per}`,
        key,
        used,
        limit: whole,
        left_ratio: whole === 0 ? 0 : remaining / whole,
        resets_at: period_ends,
      });
    }
  }
  return near;
}
