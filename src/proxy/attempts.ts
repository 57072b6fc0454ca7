import { idempotentMethods } from "../http/methods.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { PendingTimeout } from "../time/timeout.ts";
import { AttemptError, type Reached } from "../transport/attempt-error.ts";
import type { Attempt } from "../transport/attempt.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Outcome } from "../upstream/outcome.ts";
import { type BackendFailure, backendFailure } from "./failure.ts";
import { pickAgain, pickFirst } from "./pick.ts";
import type { Content } from "./request.ts";
import { Pause } from "./retry/pause.ts";
import type { RetryPlan } from "./retry/plan.ts";
import { Retrying } from "./retry/retrying.ts";
import type { ForwardRoute } from "./route.ts";
import { trialAt } from "./trial.ts";

/**
 * Maximum attempts of an exchange that are made because the one before reached nothing, so that a large
 * upstream of dead backends does not delay it for long.
 */
const MOST_ATTEMPTS = 10;

/**
 * The ring that an exchange goes round until an answer is passed on:
 *
 *   pick → send → head of the answer ─▶ passed on
 *     ▲      │ failed     │ with a status of `retry.on`
 *     │      ▼            ▼
 *     ├── at once   no backend can have acted on it, and there is another one
 *     └── pause ◀── `retry` allows it
 *
 * At once, and without being asked for, goes what reached no backend, whatever its method, and what was
 * written to a reused connection that was closing, if its method is idempotent (RFC 9110 section 9.2.2).
 * Policies are never run twice.
 */
export class Ring {
  /** The current one. It counts the exchange as in flight, except during a pause. */
  backend: Backend;
  /** What the next attempt waits for; `goOn` follows it. Undefined if it may begin at once. */
  pause: Pause | undefined = undefined;
  /** Of the current backend, until an attempt takes it over. */
  trial: Attempt["trial"];
  /** Whether there has been a second attempt by `hedge`; there is one at most. */
  isHedged = false;
  readonly #exchange: Exchange;
  readonly #route: ForwardRoute;
  readonly #whole: PendingTimeout;
  #isInFlight = true;
  #tried: Set<Backend> | undefined = undefined;
  /** Undefined until a retry is considered. */
  #retrying: Retrying | undefined = undefined;

  /**
   * Starts the exchange's timeouts. Throws a GatewayError if no backend can be asked.
   */
  constructor(exchange: Exchange, route: ForwardRoute) {
    const { upstream, timeouts } = route;
    this.#exchange = exchange;
    this.#route = route;
    const isPersistent = route.settings.retry?.failures.has("connect") === true;
    this.backend = pickFirst(upstream, exchange, isPersistent);
    this.backend.inFlight += 1;
    this.trial = trialAt(this.backend);
    upstream.retryBudget?.began(exchange.started);
    this.#whole = timeouts.exchange.begin(exchange.cancellation);
  }

  /** An attempt at the current backend begins. */
  begin(attempt: Attempt): void {
    attempt.trial = this.trial;
    this.trial = undefined;
  }

  /**
   * The current backend has begun to answer. Whether that is passed on; otherwise the exchange goes
   * round again.
   */
  passesOn(attempt: Attempt, answer: BackendAnswer, content: Content): boolean {
    this.backend.health.reached();
    // It has broken off already, and counts as failed.
    if (answer.content?.failure !== undefined) return true;
    const { settings } = this.#route;
    this.noteAnswer(attempt, this.backend, answer);
    if (settings.retry?.statuses.has(answer.status) !== true) return true;
    this.tried.add(this.backend);
    const pause = this.#retryingWith(settings.retry).afterAnswer(attempt, answer, content);
    if (pause !== undefined) this.#wait(pause);
    return pause === undefined;
  }

  /**
   * The attempt at the current backend has failed. Goes on to another backend, now or after a pause, or
   * returns the error that ends the exchange.
   */
  failed(attempt: Attempt, error: unknown, content: Content): unknown {
    const { reason } = this.#exchange.cancellation;
    const failure = this.noteFailure(attempt, this.backend, reason ?? error);
    if (reason !== undefined || failure === undefined) return reason ?? error;
    this.tried.add(this.backend);
    const made = this.#exchange.attempts.length;
    if (made < MOST_ATTEMPTS && this.#mayGoAtOnce(attempt, failure.reached)) {
      const next = this.#route.upstream.pickAvailable(this.#exchange, this.tried);
      if (next !== undefined) {
        this.#goTo(next);
        return undefined;
      }
    }
    const last = ofMany(error, made);
    const { retry } = this.#route.settings;
    if (retry === undefined) return last;
    const pause = this.#retryingWith(retry).afterFailure(attempt, failure, content, last);
    if (pause === undefined) return last;
    this.#wait(pause);
    return undefined;
  }

  /**
   * The pause is over. Picks the next backend, or returns the error that ends the exchange if there is
   * none any more.
   */
  goOn(): unknown {
    this.pause = undefined;
    const { cancellation } = this.#exchange;
    if (cancellation.reason !== undefined) return cancellation.reason;
    const { upstream } = this.#route;
    const next = pickAgain(upstream, this.#exchange, this.tried, this.backend);
    if (next === undefined) return this.#retrying?.lastError ?? upstream.unavailable();
    this.#goTo(next);
    return undefined;
  }

  /**
   * What a backend answered before attempts that got no answer; undefined if there is nothing, or
   * nobody to send it to.
   */
  takeFallback(): BackendAnswer | undefined {
    if (this.#exchange.cancellation.reason !== undefined) return undefined;
    return this.#retrying?.takeFallback();
  }

  /** Backends that have failed, in this round. */
  get tried(): Set<Backend> {
    return (this.#tried ??= new Set());
  }

  /** To be called once: the exchange goes round no more, and no content is on its way. */
  end(): void {
    this.#leave();
    this.#retrying?.end();
    this.#route.timeouts.exchange.end(this.#whole);
  }

  noteAnswer(attempt: Attempt, backend: Backend, { status }: BackendAnswer): void {
    attempt.outcome = "answered";
    attempt.status = status;
    const { observer } = this.#route.upstream;
    if (observer === undefined && attempt.trial === undefined) return;
    const milliseconds = attempt.endedAt - attempt.startedAt;
    this.#tell(attempt, backend, { failure: undefined, status, milliseconds, detail: "" });
  }

  /** Returns undefined if the backend is not to blame. */
  noteFailure(attempt: Attempt, backend: Backend, error: unknown): BackendFailure | undefined {
    attempt.endedAt = this.#route.clock.monotonic();
    attempt.failure = error as Error;
    const failure = backendFailure(error);
    attempt.outcome = failure?.kind ?? "cancelled";
    if (failure === undefined) {
      attempt.trial?.ended(undefined);
      return undefined;
    }
    const detail = (error as Error).message;
    if (failure.reached === "nothing") backend.health.unreached(detail);
    const milliseconds = attempt.endedAt - attempt.startedAt;
    this.#tell(attempt, backend, { failure: failure.kind, status: 0, milliseconds, detail });
    return failure;
  }

  #tell({ trial }: Attempt, backend: Backend, outcome: Outcome): void {
    trial?.ended(outcome);
    this.#route.upstream.observer?.attempted(backend, outcome);
  }

  #mayGoAtOnce({ isStreamTouched }: Attempt, reached: Reached): boolean {
    if (isStreamTouched) return false;
    if (reached === "reused") return idempotentMethods.has(this.#exchange.outgoing.method);
    return reached === "nothing";
  }

  #retryingWith(plan: RetryPlan): Retrying {
    return (this.#retrying ??= new Retrying(this.#exchange, this.#route, {
      plan,
      tried: this.tried,
    }));
  }

  #wait(milliseconds: number): void {
    this.#leave();
    this.pause = new Pause(this.#route.clock, milliseconds, this.#exchange.cancellation);
  }

  #goTo(next: Backend): void {
    this.#leave();
    this.backend = next;
    next.inFlight += 1;
    this.#isInFlight = true;
    this.trial = trialAt(next);
  }

  #leave(): void {
    if (!this.#isInFlight) return;
    this.#isInFlight = false;
    this.backend.inFlight -= 1;
    this.trial?.ended(undefined);
    this.trial = undefined;
  }
}

function ofMany(error: unknown, attempts: number): unknown {
  if (attempts === 1 || !(error instanceof GatewayError)) return error;
  const detail = `${error.message}; ${attempts} attempts were made`;
  const reached = error instanceof AttemptError ? error.reached : "maybe";
  return new AttemptError(error.code, detail, reached, error);
}
