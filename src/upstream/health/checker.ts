import type { Clock } from "../../time/clock.ts";
import type { CheckedHealth } from "./health.ts";
import { failureReason, type Probe } from "./probe.ts";
import type { HealthCheck } from "./schema.ts";

/** The first pause between checks of a backend that is starting or out; each later one is twice as long. */
const FIRST_RETRY_MS = 1_000;

/** What a checker uses of the world. */
export interface CheckerServices {
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
  readonly probe: Probe;
}

interface Outcome {
  readonly succeeded: boolean;
  readonly reason: string;
}

/** Checks one backend again and again, one check at a time, and keeps its health. */
export class Checker {
  readonly #url: string;
  readonly #tls: Bun.TLSOptions | undefined;
  readonly #settings: HealthCheck;
  readonly #health: CheckedHealth;
  readonly #services: CheckerServices;
  readonly #onChange: (reason: string) => void;
  /** Ends what is under way, be it a check or the wait for the next. */
  #cancel: (() => void) | undefined;
  #isWaiting = false;
  /** Pauses since the backend went out, or since the start. */
  #retries = 0;

  /**
   * `url` is what is asked for, the path included. `onChange` is called once for each change of
   * health that a check has brought about, with the reason in words: "connection refused".
   */
  constructor(subject: {
    url: string;
    tls: Bun.TLSOptions | undefined;
    settings: HealthCheck;
    health: CheckedHealth;
    services: CheckerServices;
    onChange: (reason: string) => void;
  }) {
    this.#url = subject.url;
    this.#tls = subject.tls;
    this.#settings = subject.settings;
    this.#health = subject.health;
    this.#services = subject.services;
    this.#onChange = subject.onChange;
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

  /** Ends the check that is under way, with no verdict, and plans no other. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /**
   * Brings the next check forward, because requests have taken the backend out. `again`: it was back
   * by its checks alone, no request has reached it since. Then the pauses go on growing; else a
   * backend that only checks can reach would go out and come back every second.
   */
  hurry(again: boolean): void {
    if (!again) this.#retries = 0;
    // A check that is under way gives its verdict by itself.
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
    const settle = (outcome: Outcome) => {
      if (!open) return;
      end();
      try {
        this.#record(outcome);
      } catch {
        // Nobody awaits a check: a listener's failure would end the process, and the checks with it.
      }
      // A listener may have stopped us.
      if (this.#cancel === end) this.#checkAfter(this.#pause() - (clock.monotonic() - started));
    };
    const cancelTimer = clock.schedule(timeout, () =>
      settle({ succeeded: false, reason: `no answer within ${inWords(timeout)}` }),
    );
    this.#cancel = end;
    // An async function, so that a probe that throws at once is no different from one that rejects.
    void (async () => probe(this.#url, controller.signal, this.#tls))().then(
      (status) => settle(judge(status)),
      (error: unknown) => settle({ succeeded: false, reason: failureReason(error) }),
    );
  }

  #record(outcome: Outcome): void {
    const before = this.#health.healthy;
    const now = this.#services.clock.wall();
    if (outcome.succeeded) this.#health.succeeded(now);
    else this.#health.failed(now, outcome.reason);
    if (this.#health.healthy === before) return;
    if (before && this.#health.proven) this.#retries = 0;
    this.#onChange(outcome.reason);
  }

  /**
   * Milliseconds from the start of one check to that of the next. Jittered, so that backends are not
   * checked in step. A backend that is out, or that no check has found up yet, is checked soon, and
   * more and more slowly up to the interval.
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

function judge(status: number): Outcome {
  if (status >= 200 && status <= 299) return { succeeded: true, reason: `answered ${status}` };
  const redirect = status >= 300 && status <= 399 ? ", and redirects are not followed" : "";
  return { succeeded: false, reason: `answered ${status}${redirect}` };
}

function inWords(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds}ms` : `${milliseconds / 1_000}s`;
}
