/** Numbers of records so far. */
export interface SinkCounts {
  readonly written: number;
  readonly queued: number;
  readonly dropped: number;
}
