import type { Count } from "./count.ts";
import type { CountQuery, ListedCount } from "./count-file.ts";
import type { Draw } from "./rule.ts";
import type { Sheet } from "./sheet.ts";

/** What an operator makes of a count: what it has used, and what it is granted in addition to the limit. */
export interface Adjustment {
  readonly used: number;
  readonly granted: number;
}

/** Decides on what is drawn from quotas: in this process, or in a store that gateways share. */
export interface Counting {
  /** Draws from all quotas, or from none if one has too little left. Returns whether it did. */
  draw(draws: readonly Draw[]): boolean | Promise<boolean>;
  /** Undoes a draw. */
  giveBack(draws: readonly Draw[]): void;
  /** Those that have used most first. `isWhole`: whether they are all that there are. */
  list(
    sheets: readonly Sheet[],
    query: CountQuery,
  ): Promise<{ readonly counts: readonly ListedCount[]; readonly isWhole: boolean }>;
  /** Changes a count for good. Returns whether that has been saved. */
  adjust(count: Count, adjustment: Adjustment): Promise<boolean>;
}
