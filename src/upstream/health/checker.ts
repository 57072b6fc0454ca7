import type { Clock } from "../../time/clock.ts";
import type { CheckedHealth } from "./health.ts";
import type { Probe } from "./probe.ts";
import type { HealthCheck } from "./schema.ts";
import { type Asked, judgeAnswer, judgeFailure, judgeSilence, type Verdict } from "./verdict.ts";

/** The first pause between checks of a backend that is starting or unhealthy; each next one is twice as long. */
const FIRST_RETRY_MS = 1_000;

/** What a checker depends on. */
export interface CheckerServices {
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
  readonly probe: Probe;
}

/** Checks one backend repeatedly, one check at a time, and keeps its health. */
export class Checker {
  readonly #asked: Asked;
  readonly #settings: HealthCheck;
  readonly #health: CheckedHealth;
  readonly #services: CheckerServices;
  readonly #onVerdict: (verdict: Verdict, isChange: boolean) => void;
  /** Ends the check in progress, or the wait for the next one. */
  #cancel: (() => void) | undefined;
  #isWaiting = false;
  /** Pauses since the backend became unhealthy, or since the start. */
  #retries = 0;

  /** `onVerdict` is called after each check, with whether the health has changed. */
  constructor(subject: {
    asked: Asked;
    settings: HealthCheck;
    health: CheckedHealth;
    services: CheckerServices;
    onVerdict: (verdict: Verdict, isChange: boolean) => void;
  }) {
    this.#asked = subject.asked;
    this.#settings = subject.settings;
    this.#health = subject.health;
    this.#services = subject.services;
    this.#onVerdict = subject.onVerdict;
  }

  get isRunning(): boolean {
    return this.#cancel !== undefined;
  }

  /** Starts with a check after `delay` milliseconds. Does nothing while it is running. */
  start(delay: number): void {
    if (this.isRunning) return;
    this.#retries = 0;
    this.#checkAfter(delay);
  }

  /** Ends the check in progress without a verdict, and schedules no other. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /**
   * Brings the next check forward, because requests could not reach the backend. `again`: no request
   * has reached it since the last time. Then the pauses keep growing; otherwise a backend that only
   * checks can reach would become unhealthy and healthy again every second.
   */
  hurry(again: boolean): void {
    if (!again) this.#retries = 0;
    // A check in progress gives its verdict anyway.
    if (!this.isRunning || !this.#isWaiting) return;
    this.#cancel?.();
    this.#checkAfter(this.#pause());
  }

  #checkAfter(delay: number): void {
    if (delay <= 0) return this.#check();
    this.#isWaiting = true;
    this.#cancel = this.#services.clock.schedule(delay, () => this.#check());
  }

  #check(): void {
    this.#isWaiting = false;
    const { clock, probe } = this.#services;
    const { timeout } = this.#settings;
    const started = clock.monotonic();
    const controller = new AbortController();
    let open = true;
    const end = () => {
      open = false;
      cancelTimer();
      controller.abort();
    };
    const settle = (verdict: Verdict | undefined) => {
      if (!open) return;
      end();
      try {
        if (verdict !== undefined) this.#record(verdict);
      } catch {
        // Nobody awaits a check: a listener that throws would end the process.
      }
      // A listener may have stopped us.
      if (this.#cancel === end) this.#checkAfter(this.#pause() - (clock.monotonic() - started));
    };
    const cancelTimer = clock.schedule(timeout, () => settle(judgeSilence(timeout)));
    this.#cancel = end;
    // An async function, so that a probe may throw as well as reject.
    void (async () => probe(this.#asked, controller.signal))().then(
      (answer) => settle(judgeAnswer(answer, this.#asked)),
      (error: unknown) => settle(judgeFailure(error, this.#asked)),
    );
  }

  #record(verdict: Verdict): void {
    const before = this.#health.healthy;
    const now = this.#services.clock.wall();
    if (verdict.succeeded) this.#health.succeeded(now, verdict.isPageMissing !== true);
    else this.#health.failed(now, verdict.reason);
    const isChange = this.#health.healthy !== before;
    if (isChange && before && this.#health.proven) this.#retries = 0;
    this.#onVerdict(verdict, isChange);
  }

  /**
   * Milliseconds from the start of one check to the start of the next. Jittered, so that backends are
   * not checked in step. While a backend is unhealthy, or no check has succeeded yet, checks start
   * 1 s apart and back off to the interval.
   */
  #pause(): number {
    const { interval } = this.#settings;
    const { healthy, proven } = this.#health;
    let pause = interval;
    if (!healthy || !proven) {
      pause = Math.min(interval, FIRST_RETRY_MS * 2 ** this.#retries);
      this.#retries += 1;
    }
    return pause * (0.9 + 0.2 * this.#services.random());
  }
}
