import type { AddressSet } from "../../http/address-set.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Count } from "./count.ts";
import type { QuotaCounts } from "./quota-counts.ts";

/** A quota as one route draws from it. Created once per snapshot. */
export interface QuotaRule {
  readonly limit: number;
  /** How many requests one counts for. */
  readonly cost: number;
  readonly counts: QuotaCounts;
  /** How its items of the RateLimit fields begin. */
  readonly itemName: string;
  readonly keyOf: (exchange: Exchange) => string;
  readonly exempt: AddressSet | undefined;
}

/** What one exchange draws from one quota. */
export interface Draw {
  readonly rule: QuotaRule;
  readonly count: Count;
}

/** How much of a quota a key has left. */
export function remaining({ rule: { limit }, count: { used, granted } }: Draw): number {
  return Math.max(0, limit + granted - used);
}

export function fits(draw: Draw): boolean {
  return draw.rule.cost <= remaining(draw);
}
