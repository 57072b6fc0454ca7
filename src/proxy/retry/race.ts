import type { Cancellation, Interruptible } from "../../pipeline/cancellation.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { PendingTimeout } from "../../time/timeout.ts";
import type { Attempt, Transport } from "../../transport/attempt.ts";
import type { BackendAnswer } from "../../transport/backend-answer.ts";
import type { Backend } from "../../upstream/backend.ts";
import type { RouteTimeouts } from "../route-timeouts.ts";

/** An attempt in a race, and the backend at which it counts as in flight. */
export interface Runner {
  readonly attempt: Attempt;
  readonly backend: Backend;
}

/** What a race is about. */
export interface RaceOptions {
  readonly transport: Transport;
  readonly cancellation: Cancellation;
  /** Until the second attempt. */
  readonly timeout: RouteTimeouts["hedge"];
  /** The second attempt; undefined if there is to be none. */
  second(): Runner | undefined;
  /** Whether an answer is worth waiting no longer for the other attempt. */
  isGood(answer: BackendAnswer): boolean;
  /** An attempt is out of the race while the other one goes on: it has failed, */
  failed(runner: Runner, error: unknown): void;
  /** was answered with something else, */
  answered(runner: Runner, answer: BackendAnswer): void;
  /** or was given up. */
  outrun(runner: Runner): void;
}

/** How a race ends: with an answer, or the error of the attempt that failed last. */
export type Finish = Runner &
  ({ readonly answer: BackendAnswer } | { readonly answer: undefined; readonly error: unknown });

/**
 * An attempt and, if it has no answer in time, a second one at another backend. The first good answer
 * wins; without one, what came last.
 */
export class Race implements Interruptible {
  readonly #options: RaceOptions;
  readonly #running = new Set<Runner>();
  readonly #finished = Promise.withResolvers<Finish>();
  #pending: PendingTimeout | undefined;
  #isOver = false;

  constructor(options: RaceOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  run(first: Runner): Promise<Finish> {
    this.#start(first);
    this.#pending = this.#options.timeout.begin(this);
    return this.#finished.promise;
  }

  /** The first attempt has taken long. */
  goSecond(): void {
    const runner = this.#options.second();
    if (runner !== undefined) this.#start(runner);
  }

  /** The exchange is cancelled. */
  interrupt(reason: GatewayError): void {
    for (const { attempt } of this.#running) attempt.interrupt(reason);
  }

  #start(runner: Runner): void {
    const { transport, cancellation } = this.#options;
    this.#running.add(runner);
    const answering = runner.attempt.sendBy(transport);
    // In place of the attempt alone.
    cancellation.interrupts(this);
    answering.then(
      (answer) => this.#answered(runner, answer),
      (error: unknown) => this.#failed(runner, error),
    );
  }

  #answered(runner: Runner, answer: BackendAnswer): void {
    if (this.#isOver) {
      // Both answers came at once.
      void answer.content?.cancel(OUTRUN);
      return;
    }
    this.#running.delete(runner);
    if (this.#running.size > 0 && !this.#options.isGood(answer)) {
      this.#options.answered(runner, answer);
      return;
    }
    this.#finish({ ...runner, answer });
    this.#options.cancellation.interrupts(runner.attempt);
  }

  #failed(runner: Runner, error: unknown): void {
    if (this.#isOver) return;
    this.#running.delete(runner);
    if (this.#running.size > 0) this.#options.failed(runner, error);
    else this.#finish({ ...runner, answer: undefined, error });
  }

  #finish(finish: Finish): void {
    this.#isOver = true;
    if (this.#pending !== undefined) this.#options.timeout.end(this.#pending);
    for (const runner of this.#running) {
      runner.attempt.interrupt(OUTRUN);
      this.#options.outrun(runner);
    }
    this.#finished.resolve(finish);
  }
}

/** Nobody sees it: the exchange goes on with the other attempt. */
const OUTRUN = new GatewayError("backend_timeout", "another backend answered first");
