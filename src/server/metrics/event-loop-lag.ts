import { histogram, type Sample } from "../../telemetry/metrics/family.ts";
import { Histogram } from "../../telemetry/metrics/histogram.ts";
import type { MetricSource } from "../../telemetry/metrics/registry.ts";
import type { Clock } from "../../time/clock.ts";

const EVERY_MS = 500;
const BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** How much later than asked timers are called: what keeps them waiting keeps requests waiting. */
export class EventLoopLag implements MetricSource {
  readonly families = [
    histogram(
      "gateway_event_loop_lag_seconds",
      "How much later than asked a timer was called, twice a second: other work kept it waiting.",
    ),
  ];
  readonly #clock: Clock;
  readonly #lag = new Histogram(BOUNDS);
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  collect(): readonly Iterable<Sample>[] {
    return [[{ labels: "", value: this.#lag }]];
  }

  /** Does nothing while it is running. */
  start(): void {
    if (this.#cancel === undefined) this.#measure();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #measure(): void {
    const due = this.#clock.monotonic() + EVERY_MS;
    this.#cancel = this.#clock.schedule(EVERY_MS, () => {
      this.#lag.observe(Math.max(0, this.#clock.monotonic() - due) / 1000);
      this.#measure();
    });
  }
}
