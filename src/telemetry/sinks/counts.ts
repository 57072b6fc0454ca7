/** Records so far: where they belong, on their way there, and given up. */
export interface SinkCounts {
  readonly written: number;
  readonly queued: number;
  readonly dropped: number;
}
