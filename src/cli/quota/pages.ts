import type { DescribedCount, DescribedQuota } from "../../policies/quota/description.ts";

/** What GET /admin/quotas answers, and what is read from the file without a gateway. */
export interface QuotaPage {
  readonly quotas: readonly DescribedQuota[];
  readonly counts: readonly DescribedCount[];
  /** Where the next page begins; null if this is the last one. */
  readonly next: string | null;
  /** Whether the counts are all that there are: false if the gateway knows only those in its memory. */
  readonly complete: boolean;
}

/** Which counts are wanted. */
export interface QuotaFilter {
  readonly quota: string | undefined;
  readonly route: string | undefined;
  readonly per: string | undefined;
  readonly key: string | undefined;
}

/** What POST /admin/quotas answers. */
export interface QuotaChange {
  readonly before: { readonly used: number; readonly granted: number };
  readonly after: DescribedCount;
  /** Whether it is in the file, or in the store. */
  readonly saved: boolean;
}
