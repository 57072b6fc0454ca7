import { parseRetryAfter } from "../../http/retry-after.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Attempt } from "../../transport/attempt.ts";
import type { Reached } from "../../transport/attempt-error.ts";
import type { BackendAnswer } from "../../transport/backend-answer.ts";
import type { Backend } from "../../upstream/backend.ts";
import type { BackendFailure } from "../failure.ts";
import { hasUntried } from "../pick.ts";
import { type Content, isReplayable } from "../request.ts";
import type { ForwardRoute } from "../route.ts";
import { discard } from "./discard.ts";
import { backOff, type RetryPlan } from "./plan.ts";

/** Milliseconds that a client is kept waiting for Retry-After on a route without timeouts. */
const LONGEST_WAIT = 30_000;

/** Decides whether one exchange is tried again, and after which pause. */
export class Retrying {
  /** The error of the last attempt that failed. */
  lastError: unknown = undefined;
  readonly #exchange: Exchange;
  readonly #route: ForwardRoute;
  readonly #plan: RetryPlan;
  readonly #tried: ReadonlySet<Backend>;
  #retries = 0;
  /** Monotonic time before which no backend that was tried wants to be asked again. */
  #notBefore = 0;
  /** For the case that later attempts get no answer. */
  #fallback: { readonly answer: BackendAnswer; readonly attempt: Attempt } | undefined;

  /** `tried`: the backends that have failed. */
  constructor(
    exchange: Exchange,
    route: ForwardRoute,
    { plan, tried }: { readonly plan: RetryPlan; readonly tried: ReadonlySet<Backend> },
  ) {
    this.#exchange = exchange;
    this.#route = route;
    this.#plan = plan;
    this.#tried = tried;
  }

  /** The pause before the next attempt, in milliseconds; undefined if there is none. */
  afterFailure(
    attempt: Attempt,
    { kind, reached }: BackendFailure,
    content: Content,
    error: unknown,
  ): number | undefined {
    this.lastError = error;
    if (!this.#plan.failures.has(kind) || !this.#mayBeSentAgain(attempt, reached, content)) {
      return undefined;
    }
    return this.#takePause();
  }

  /**
   * The same after an answer with a status to try again on. If there is a next attempt, the answer is
   * discarded, or kept if all of it is there.
   */
  afterAnswer(attempt: Attempt, answer: BackendAnswer, content: Content): number | undefined {
    if (!this.#mayBeSentAgain(attempt, "maybe", content)) return undefined;
    this.#heed(answer);
    const pause = this.#takePause();
    if (pause !== undefined) this.#putAside(attempt, answer, content);
    return pause;
  }

  /** What a backend has answered; the caller passes it on. */
  takeFallback(): BackendAnswer | undefined {
    const fallback = this.#fallback;
    if (fallback === undefined) return undefined;
    this.#fallback = undefined;
    this.#exchange.answeredBy = fallback.attempt;
    this.#exchange.headersAt = fallback.attempt.endedAt;
    return fallback.answer;
  }

  end(): void {
    // What has arrived, and nobody will read, still counts for the backend's windows.
    void this.#fallback?.answer.content?.cancel(new Error("the answer is not passed on"));
    this.#fallback = undefined;
  }

  #mayBeSentAgain({ isStreamTouched }: Attempt, reached: Reached, content: Content): boolean {
    const { attempts, maxBody, methods } = this.#plan;
    const { attempts: made, outgoing } = this.#exchange;
    if (made.length >= attempts) return false;
    if (reached === "nothing") return !isStreamTouched;
    return methods.has(outgoing.method) && isReplayable(content, maxBody);
  }

  /** A 429 speaks for the service, and a 503 for its backend only if there is another one. */
  #heed({ status, fields }: BackendAnswer): void {
    const hasOther = hasUntried(this.#route.upstream, this.#tried);
    const isForAll = status === 429 || (status === 503 && !hasOther);
    const written = isForAll ? fields.get("retry-after") : null;
    if (written === null) return;
    const { clock } = this.#route;
    const wait = parseRetryAfter(written, clock.wall()) ?? 0;
    this.#notBefore = Math.max(this.#notBefore, clock.monotonic() + wait);
  }

  /** Takes the next attempt from the budget. */
  #takePause(): number | undefined {
    const { clock, random, upstream } = this.#route;
    const now = clock.monotonic();
    const left = this.#timeLeft(now);
    const wished = this.#notBefore - now;
    if (left <= 0 || wished >= left) return undefined;
    // An attempt that begins late is still better than none.
    const pause = Math.max(Math.min(backOff(this.#plan, this.#retries, random), left / 2), wished);
    if (upstream.retryBudget?.take(this.#plan.budget, now) === false) return undefined;
    this.#retries += 1;
    return pause;
  }

  /** A client is kept waiting no longer than for one slow attempt. */
  #timeLeft(now: number): number {
    const { exchange, response } = this.#route.settings.timeouts;
    const longest = response === 0 ? LONGEST_WAIT : response;
    return exchange === 0 ? longest : Math.min(longest, this.#exchange.started + exchange - now);
  }

  #putAside(attempt: Attempt, answer: BackendAnswer, { repeatable }: Content): void {
    this.end();
    const { content } = answer;
    if (content === undefined || content.complete) this.#fallback = { answer, attempt };
    // The backend may still be reading the request, so its connection is of no use any more.
    else if (repeatable !== undefined) void content.cancel(new Error("sent to another backend"));
    else void discard(content, this.#route.clock);
  }
}
