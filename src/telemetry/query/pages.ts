import type { Filters } from "./filters.ts";
import type { Row } from "./row.ts";

export interface PageRequest {
  readonly filters: Filters;
  /** At most this many rows, from 1 to 1000. */
  readonly limit: number;
  /** `next` of the page before; absent for the newest rows. */
  readonly before?: number;
  /** Milliseconds to search before the rows so far are returned; 150 by default. */
  readonly slice?: number;
}

export interface Page {
  /** The newest first, without the kept columns. */
  readonly rows: readonly Row[];
  /** Where to go on; null when there is nothing older. */
  readonly next: number | null;
  /** The time of the oldest row that was looked at, if there was one. */
  readonly searchedTo: string | null;
  /** False if the time was up before the page was full or everything searched. */
  readonly complete: boolean;
}
