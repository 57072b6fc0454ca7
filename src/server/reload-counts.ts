import type { Clock } from "../time/clock.ts";

/** What has come of reloads since the start. */
export class ReloadCounts {
  succeeded = 0;
  failed = 0;
  /** Whether the latest one succeeded; true before the first one. */
  isLatestGood = true;
  /** Unix epoch milliseconds at which the configuration in force came into force. */
  changedAt: number;
  readonly #clock: Pick<Clock, "wall">;

  constructor(clock: Pick<Clock, "wall">) {
    this.#clock = clock;
    this.changedAt = clock.wall();
  }

  success(): void {
    this.succeeded += 1;
    this.isLatestGood = true;
    this.changedAt = this.#clock.wall();
  }

  failure(): void {
    this.failed += 1;
    this.isLatestGood = false;
  }
}
