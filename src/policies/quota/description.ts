import type { CountPlace, QuotaId, Usage } from "./count-file.ts";
import type { Period } from "./period.ts";

/** A quota, for operators. */
export interface DescribedQuota {
  readonly name: string;
  readonly per: string;
  readonly time_zone: string;
  /** `key` in the configuration. */
  readonly counts_by: string;
  readonly limit: number;
  /** The ids of the routes that draw from it. */
  readonly routes: readonly string[];
  readonly period_begins: string;
  readonly period_ends: string;
}

/** What a key has used of a quota, for operators. */
export interface DescribedCount {
  readonly quota: string;
  readonly per: string;
  readonly counts_by: string;
  readonly key: string;
  readonly used: number;
  readonly limit: number;
  /** In addition to the limit. */
  readonly granted: number;
  readonly remaining: number;
  readonly period_ends: string;
}

interface Described {
  readonly id: QuotaId;
  readonly limit: number;
  readonly routes: readonly string[];
}

export function describeQuota({ id, limit, routes }: Described, period: Period): DescribedQuota {
  return {
    name: id.name,
    per: id.per,
    time_zone: id.timeZone,
    counts_by: id.key,
    limit,
    routes,
    period_begins: timestamp(period.begins),
    period_ends: timestamp(period.ends),
  };
}

export function describeCount(
  { id, limit }: Pick<Described, "id" | "limit">,
  { key, sheet }: CountPlace,
  { used, granted }: Usage,
): DescribedCount {
  return {
    quota: id.name,
    per: id.per,
    counts_by: id.key,
    key,
    used,
    limit,
    granted,
    remaining: Math.max(0, limit + granted - used),
    period_ends: timestamp(sheet.ends),
  };
}

function timestamp(time: number): string {
  return new Date(time).toISOString();
}
