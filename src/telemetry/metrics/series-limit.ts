/** Stands for all label values that found no room. */
export const OVERFLOW = "_OTHER";

/**
 * How many series a family may have. Labels come from the configuration and from discovery, never from
 * clients, so this is reached only by thousands of routes, or backends that come and go.
 */
export class SeriesLimit {
  readonly metric: string;
  readonly most: number;
  used = 0;
  /** Observations for which there was no series. */
  overflowed = 0;

  constructor(metric: string, most: number) {
    this.metric = metric;
    this.most = most;
  }

  /** Whether there may be another series; counts it then. */
  take(): boolean {
    if (this.used >= this.most) return false;
    this.used += 1;
    return true;
  }

  /** So many series are gone. */
  release(count: number): void {
    this.used -= count;
  }
}
