import { idempotentMethods } from "../http/methods.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { PendingTimeout } from "../time/timeout.ts";
import { AttemptError, type Reached } from "../transport/attempt-error.ts";
import type { Attempt } from "../transport/attempt.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import type { Backend } from "../upstream/backend.ts";
import { Waiter } from "../upstream/limits/waiting-queue.ts";
import type { Outcome } from "../upstream/outcome.ts";
import { type BackendFailure, answered, backendFailure, lateness } from "./failure.ts";
import { notePick } from "./note-pick.ts";
import { areOthersFull, pickAgain, pickFirst } from "./pick.ts";
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
 * A pick that finds no room at any backend waits for it, if the upstream has a queue.
 *
 * At once, and without being asked for, goes what reached no backend, whatever its method, and what was
 * written to a reused connection that was closing, if its method is idempotent (RFC 9110 section 9.2.2).
 * Policies are never run twice.
 */
export class Ring {
  /**
   * What the next attempt waits for, the end of a pause or a place at a backend; `goOn` follows it.
   * Undefined if it may begin at once.
   */
  pause: Pause | Waiter | undefined = undefined;
  /** Of the current backend, until an attempt takes it over. */
  trial: Attempt["trial"];
  /** Whether there has been a second attempt by `hedge`; there is one at most. */
  isHedged = false;
  readonly #exchange: Exchange;
  readonly #route: ForwardRoute;
  readonly #whole: PendingTimeout;
  #backend: Backend | undefined = undefined;
  #isInFlight = false;
  #tried: Set<Backend> | undefined = undefined;
  /** Undefined until a retry is considered. */
  #retrying: Retrying | undefined = undefined;
  /** Of the attempt after which it waits for a place. */
  #lastError: unknown = undefined;

  /** Starts the exchange's timeouts. */
  constructor(exchange: Exchange, route: ForwardRoute) {
    this.#exchange = exchange;
    this.#route = route;
    this.#whole = route.timeouts.exchange.begin(exchange.cancellation);
  }

  /** The current one. It counts the exchange as in flight, except during a pause. */
  get backend(): Backend {
    if (this.#backend === undefined) throw new Error("no backend has been picked");
    return this.#backend;
  }

  set backend(backend: Backend) {
    this.#backend = backend;
  }

  /** Why the client need not send its content; undefined if it may be wanted. */
  refusal(): GatewayError | undefined {
    const { upstream } = this.#route;
    if (upstream.hasAvailable || this.#isPersistent) return undefined;
    this.#notePick(undefined);
    return upstream.unavailable();
  }

  /**
   * Picks the first backend, or begins to wait for a place. To be called when the content is there, so
   * that a slow client takes no place. Returns the error that ends the exchange if there is one.
   */
  start(): unknown {
    const { upstream } = this.#route;
    upstream.retryBudget?.began(this.#exchange.started);
    const first = pickFirst(upstream, this.#exchange, this.#isPersistent);
    if (first === undefined || this.#exchange.noting?.keepsAll === true) this.#notePick(first);
    if (first === undefined) return this.#waitForPlace(undefined);
    this.#goTo(first);
    return undefined;
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
      const { upstream } = this.#route;
      // Also in a full upstream: it takes its place along.
      const next = upstream.pickAvailable(this.#exchange, this.tried);
      this.#notePick(next);
      if (next !== undefined) {
        this.#goTo(next);
        return undefined;
      }
      if (areOthersFull(upstream, this.tried)) {
        this.#lastError = ofMany(error, made);
        this.#leave();
        return this.#waitForPlace(this.tried);
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
   * The pause is over, or the wait for a place; that may have ended in a refusal. Picks the next backend,
   * or returns the error that ends the exchange if there is none any more.
   */
  goOn(refusal: GatewayError | undefined): unknown {
    const { pause } = this;
    this.pause = undefined;
    const { noting, notes } = this.#exchange;
    if (noting !== undefined) notes.waited(noting.now());
    const { reason } = this.#exchange.cancellation;
    if (reason !== undefined) return reason;
    if (pause instanceof Waiter) return refusal && this.#errorOf(refusal);
    const next = pickAgain(this.#route.upstream, this.#exchange, this.tried, this.backend);
    this.#notePick(next);
    if (next === undefined) return this.#waitForPlace(undefined);
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

  noteAnswer(attempt: Attempt, backend: Backend, answer: BackendAnswer): void {
    attempt.outcome = "answered";
    attempt.status = answer.status;
    const { observer } = this.#route.upstream;
    if (observer === undefined && attempt.trial === undefined) return;
    this.#tell(attempt, backend, answered(answer, attempt.endedAt - attempt.startedAt));
  }

  /** Returns undefined if the backend is not to blame. */
  noteFailure(attempt: Attempt, backend: Backend, error: unknown): BackendFailure | undefined {
    attempt.endedAt = this.#route.clock.monotonic();
    attempt.failure = error as Error;
    const { exchange: timeout } = this.#route.settings.timeouts;
    const failure = backendFailure(error) ?? lateness(error, attempt, timeout);
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

  /** Whether a backend that may be down is better than none. */
  get #isPersistent(): boolean {
    return this.#route.settings.retry?.failures.has("connect") === true;
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
    this.#noteWait("retry");
    this.pause = new Pause(this.#route.clock, milliseconds, this.#exchange.cancellation);
  }

  /** `except`: backends that it does not wait for. Returns the error if it cannot wait. */
  #waitForPlace(except: ReadonlySet<Backend> | undefined): unknown {
    const exchange = this.#exchange;
    if (exchange.cancellation.reason !== undefined) return exchange.cancellation.reason;
    try {
      const admitted = (backend: Backend) => {
        this.#notePick(backend);
        this.#goTo(backend);
      };
      this.pause = this.#route.upstream.wait({ exchange, except, admitted });
      this.#noteWait("place");
      return undefined;
    } catch (error) {
      return this.#errorOf(error);
    }
  }

  /** To be called when it is known which backend is next, or that there is none. */
  #notePick(picked: Backend | undefined): void {
    if (this.#exchange.noting === undefined) return;
    notePick(this.#exchange, this.#route.upstream, picked, this.#tried);
  }

  #noteWait(kind: "place" | "retry"): void {
    const { noting, notes } = this.#exchange;
    if (noting !== undefined) notes.waitsFor(kind, noting.now());
  }

  /** An error of an attempt says more than that there is no place for another one. */
  #errorOf(refusal: unknown): unknown {
    return this.#lastError ?? this.#retrying?.lastError ?? refusal;
  }

  #goTo(next: Backend): void {
    // Before the old place becomes free for others: in a full upstream it is the same one.
    next.inFlight += 1;
    const trial = trialAt(next);
    this.#leave();
    this.#backend = next;
    this.#isInFlight = true;
    this.trial = trial;
  }

  #leave(): void {
    if (!this.#isInFlight) return;
    this.#isInFlight = false;
    this.trial?.ended(undefined);
    this.trial = undefined;
    this.backend.inFlight -= 1;
  }
}

function ofMany(error: unknown, attempts: number): unknown {
  if (attempts === 1 || !(error instanceof GatewayError)) return error;
  const detail = `${error.message}; ${attempts} attempts were made`;
  const reached = error instanceof AttemptError ? error.reached : "maybe";
  return new AttemptError(error.code, detail, reached, error);
}
