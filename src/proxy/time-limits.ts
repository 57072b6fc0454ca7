import type { Clock } from "../time/clock.ts";
import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";
import { Interned } from "../units/interned.ts";
import { TimeLimit } from "../time/time-limit.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import type { Attempt } from "../transport/attempt.ts";
import type { ForwardTimeouts } from "./settings.ts";

/** A route's time limits, each with the error it ends in. */
export interface TimeLimits {
  /** For a client to send content that is read whole. */
  readonly request: TimeLimit<Cancellation>;
  /** For a backend's header section to arrive. */
  readonly response: TimeLimit<Attempt>;
  /** For a backend to agree to a WebSocket. */
  readonly handshake: TimeLimit<Cancellation>;
  /** For a backend's content to arrive that is collected. */
  readonly content: TimeLimit<Cancellation>;
  readonly exchange: TimeLimit<Cancellation>;
  /** After which the gateway listens for the client's leaving. */
  readonly attention: TimeLimit<Cancellation>;
}

/**
 * Subscribing to the abort signal costs as much as a rate-limit check, and most answers come sooner.
 * Nothing is lost: a client that has left by then is known to have left.
 */
const ATTENTION_AFTER_MS = 50;

/** The time limits of many routes; those with the same timeouts have the same ones. */
export class TimeLimitSets {
  readonly #clock: Clock;
  readonly #sets = new Interned<TimeLimits>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(timeouts: ForwardTimeouts): TimeLimits {
    const { request, response, idle, exchange } = timeouts;
    const key = [request, response, idle, exchange].join(" ");
    return this.#sets.of(key, () => timeLimits(timeouts, this.#clock));
  }
}

function timeLimits(timeouts: ForwardTimeouts, clock: Clock): TimeLimits {
  const limit = (milliseconds: number, code: ErrorCode, detail: string) =>
    new TimeLimit<Cancellation>(clock, milliseconds, (cancellation) =>
      cancellation.cancel(new GatewayError(code, detail)),
    );
  const { request, response, idle, exchange } = timeouts;
  return {
    request: limit(
      request,
      "request_timeout",
      `the request's content took longer than ${request} ms`,
    ),
    response: new TimeLimit(clock, response, (attempt) =>
      attempt.timeIsUp("backend_timeout", `the backend sent no answer within ${response} ms`),
    ),
    handshake: limit(
      response,
      "backend_timeout",
      `the backend did not accept the WebSocket within ${response} ms`,
    ),
    content: limit(
      idle,
      "backend_stalled",
      `the backend's answer was not complete within ${idle} ms`,
    ),
    exchange: limit(exchange, "exchange_timeout", `the exchange took longer than ${exchange} ms`),
    attention: new TimeLimit(clock, ATTENTION_AFTER_MS, (cancellation) =>
      cancellation.listenToClient(),
    ),
  };
}
