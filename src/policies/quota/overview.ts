import type { Chain } from "../../pipeline/chain.ts";
import type { QuotaId } from "./count-file.ts";
import { Quotas } from "./quotas.ts";
import type { QuotaRule } from "./rule.ts";
import type { Counting } from "./counting.ts";

/** A quota with all routes that draw from it. */
export interface KnownQuota {
  readonly id: QuotaId;
  readonly limit: number;
  readonly rule: QuotaRule;
  readonly counting: Counting;
  /** Their ids. */
  readonly routes: readonly string[];
}

/** The quotas of routes, in the order of the routes. */
export function quotasOfRoutes(
  routes: Iterable<{ readonly id: string; readonly chain: Chain }>,
): KnownQuota[] {
  const known = new Map<string, KnownQuota & { readonly routes: string[] }>();
  for (const { id: route, chain } of routes) {
    const quotas = chain.policies.find((policy) => policy instanceof Quotas);
    if (quotas === undefined) continue;
    for (const rule of quotas.rules) {
      const { id } = rule.counts;
      const text = JSON.stringify(id);
      const before = known.get(text);
      if (before !== undefined) before.routes.push(route);
      else
        known.set(text, {
          id,
          limit: rule.limit,
          rule,
          counting: quotas.counting,
          routes: [route],
        });
    }
  }
  return [...known.values()];
}
