import type { Per, Period } from "./period.ts";

/** What a quota's counts are kept under: routes whose quotas agree in all of it share them. */
export interface QuotaId {
  readonly name: string;
  readonly per: Per;
  readonly timeZone: string;
  /** What it counts by, as in the configuration. */
  readonly key: string;
}

/** The counts of a quota in one period. */
export interface SheetId extends Period {
  readonly quota: QuotaId;
}

/** What a key has used of a period's limit, and what it was granted in addition to the limit. */
export interface Usage {
  readonly used: number;
  readonly granted: number;
}

/** Where one count is. */
export interface CountPlace {
  readonly sheet: SheetId;
  readonly key: string;
}

/** A change of a count, to be added to what the file has. */
export interface CountChange extends CountPlace, Usage {}

/** A count as the file has it. */
export interface ListedCount extends CountPlace, Usage {}

export interface CountQuery {
  /** Only the count of this key. */
  readonly key: string | undefined;
  /** How many to leave out, and to return at most. */
  readonly offset: number;
  readonly limit: number;
}

/** Keeps counts where they outlive the process. Nobody waits for it without a limit of time. */
export interface CountFile {
  /** In the order of the places. Undefined if the file cannot be read now. */
  find(places: readonly CountPlace[]): Promise<readonly Usage[] | undefined>;
  /**
   * Adds changes to the counts, all or none, as soon as that is possible, and returns what they are then,
   * in the same order. "lost": perhaps not written; "refused": never will be. One call at a time.
   */
  save(changes: readonly CountChange[]): Promise<readonly Usage[] | "lost" | "refused">;
  /** Those of the sheets that have used most come first. Undefined if the file cannot be read now. */
  list(sheets: readonly SheetId[], query: CountQuery): Promise<readonly ListedCount[] | undefined>;
  /** Resolves after at most `deadlineMs` milliseconds; never rejects. */
  close(deadlineMs: number): Promise<void>;
}
