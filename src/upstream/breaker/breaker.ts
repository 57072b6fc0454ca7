import type { Clock } from "../../time/clock.ts";
import { durationText } from "../../units/duration.ts";
import { BackendState } from "../backend-state.ts";
import { describeFailure, FailureTest } from "../failures.ts";
import type { Outcome } from "../outcome.ts";
import type { BreakerConfig } from "./schema.ts";
import { type Trip, tripOf } from "./trip.ts";

/** Closed: requests pass. Open: none do. Half open: a few are tried. */
export type BreakerState = "closed" | "open" | "half_open";

export interface BreakerServices {
  readonly clock: Clock;
  /** Called at each change with a line for the operator, of which the breaker is the subject. */
  readonly report: (level: "info" | "warn", message: string) => void;
}

/**
 * The circuit breaker of one backend of an upstream.
 *
 *   closed ──too many failures──▶ open ──open_for──▶ half open ──enough successes──▶ closed
 *                                  ▲                     │
 *                                  └──────a failure──────┘
 */
export class CircuitBreaker extends BackendState {
  /** How often it has come into each state. */
  readonly changes: Record<BreakerState, number> = { closed: 0, open: 0, half_open: 0 };
  readonly #config: BreakerConfig;
  readonly #services: BreakerServices;
  readonly #test: FailureTest;
  readonly #trip: Trip;
  #state: BreakerState = "closed";
  /**
   * Grows with each change of state. What began before a change says nothing of the state after it: a
   * request that was on its way when the breaker opened must not close it again.
   */
  #era = 0;
  /** While half open: requests that are being tried, and those that have succeeded. */
  #trying = 0;
  #successes = 0;
  /** While open: when that ends, by the monotonic clock. */
  #opensUntil = 0;
  #cancel: () => void = () => {};
  #isGivenUp = false;

  constructor(config: BreakerConfig, services: BreakerServices) {
    super();
    this.#config = config;
    this.#services = services;
    this.#test = new FailureTest(config.on);
    this.#trip = tripOf(config);
  }

  get state(): BreakerState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether a request may pass now. Half open, it lets a few pass at a time. */
  get passes(): boolean {
    if (this.#state === "closed") return true;
    return this.#state === "half_open" && this.#trying < this.#config.probes;
  }

  /** Milliseconds for which it stays open; 0 if it is not. */
  get opensFor(): number {
    return this.isOpen ? Math.max(0, this.#opensUntil - this.#services.clock.monotonic()) : 0;
  }

  /** An attempt begins; what this returns is for `ended`. */
  began(): number {
    if (this.#state === "half_open") this.#trying += 1;
    return this.#era;
  }

  /** To be called once for each attempt. Without an outcome, its backend is not to blame for its end. */
  ended(era: number, outcome: Outcome | undefined): void {
    if (era !== this.#era || this.#isGivenUp) return;
    const verdict = outcome && this.#test.judge(outcome);
    if (this.#state === "half_open") {
      this.#trying -= 1;
      if (verdict === "failure") this.#open(`a trial request failed${because(outcome)}`);
      else if (verdict === "success") this.#succeeded();
      // Whoever waits for a place may be tried next.
      if (this.#state === "half_open") this.changed();
      return;
    }
    if (verdict === undefined) return;
    const hasFailed = verdict === "failure";
    const reason = this.#trip.count(hasFailed, this.#services.clock.monotonic());
    if (reason !== undefined) this.#open(hasFailed ? `${reason}${because(outcome)}` : reason);
  }

  /** It is not needed any more: its state stays as it is. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#cancel();
  }

  #succeeded(): void {
    this.#successes += 1;
    const { probes } = this.#config;
    if (this.#successes < probes) return;
    const reason = probes === 1 ? "a trial request" : `${probes} trial requests`;
    this.#become("closed", "info", `is closed: ${reason} succeeded`);
  }

  #open(reason: string): void {
    const { open_for: span } = this.#config;
    const { clock } = this.#services;
    this.#trip.clear();
    this.#opensUntil = clock.monotonic() + span;
    this.#cancel = clock.schedule(span, () => this.#tryAgain());
    const again = this.#state === "half_open" ? " again" : "";
    this.#become("open", "warn", `is open${again} for ${durationText(span)}: ${reason}`);
  }

  #tryAgain(): void {
    this.#trying = 0;
    this.#successes = 0;
    const { probes } = this.#config;
    const tried = probes === 1 ? "one request" : `${probes} requests`;
    this.#become("half_open", "info", `is half open: at most ${tried} at a time are tried`);
  }

  #become(state: BreakerState, level: "info" | "warn", message: string): void {
    this.#state = state;
    this.changes[state] += 1;
    this.#era += 1;
    this.#services.report(level, message);
    this.changed();
  }
}

/** " (answered 500)" */
function because(outcome: Outcome | undefined): string {
  return outcome === undefined ? "" : ` (${describeFailure(outcome)})`;
}
