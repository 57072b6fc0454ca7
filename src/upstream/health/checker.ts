import type { Clock } from "../../time/clock.ts";
import type { CheckedHealth } from "./health.ts";
import { failureReason, type Probe } from "./probe.ts";
import type { HealthCheck } from "./schema.ts";

/** Before the first success, checks follow each other this soon, and then ever more slowly. */
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

  /**
   * `url` is what is asked for, the path included. `onChange` is told once of each change of health,
   * with what brought it about in words: "answered 200", "connection refused".
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

  /** Starts with a check after `delay` milliseconds. Does nothing while it is running. */
  start(delay: number): void {
    if (this.#cancel === undefined) this.#checkAfter(delay);
  }

  /** Ends the check that is under way, with no verdict, and plans no other. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #checkAfter(delay: number): void {
    if (delay <= 0) this.#check();
    else this.#cancel = this.#services.clock.schedule(delay, () => this.#check());
  }

  #check(): void {
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
    if (this.#health.healthy !== before) this.#onChange(outcome.reason);
  }

  /**
   * Milliseconds from the start of one check to that of the next. Jittered, lest all backends be
   * checked in step. A backend that no check has yet found up has either been dead for long, and
   * should not have to be found out at leisure, or is starting, as we are.
   */
  #pause(): number {
    const { interval } = this.#settings;
    const { proven, consecutiveFailures } = this.#health;
    const pause = proven
      ? interval
      : Math.min(interval, FIRST_RETRY_MS * 2 ** (consecutiveFailures - 1));
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
