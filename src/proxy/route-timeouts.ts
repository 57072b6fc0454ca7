import type { Clock } from "../time/clock.ts";
import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";
import { Interned } from "../units/interned.ts";
import { Timeout } from "../time/timeout.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import type { Attempt } from "../transport/attempt.ts";
import type { ForwardTimeouts } from "./settings.ts";

/** A route's timeouts, each with the error it ends in. */
export interface RouteTimeouts {
  /** For a client to send content that is read whole. */
  readonly request: Timeout<Cancellation>;
  /** For a backend's header section to arrive. */
  readonly response: Timeout<Attempt>;
  readonly exchange: Timeout<Cancellation>;
  /** Until a second attempt begins; 0 if there is none. */
  readonly hedge: Timeout<{ goSecond(): void }>;
}

/** The timeouts of many routes; those with the same timeouts have the same ones. */
export class RouteTimeoutSets {
  readonly #clock: Clock;
  readonly #sets = new Interned<RouteTimeouts>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `hedge`: milliseconds until a second attempt begins; 0 if there is none. */
  of(timeouts: ForwardTimeouts, hedge = 0): RouteTimeouts {
    const { request, response, idle, exchange } = timeouts;
    const key = [request, response, idle, exchange, hedge].join(" ");
    return this.#sets.of(key, () => routeTimeouts(timeouts, hedge, this.#clock));
  }
}

function routeTimeouts(timeouts: ForwardTimeouts, hedge: number, clock: Clock): RouteTimeouts {
  const limit = (milliseconds: number, code: ErrorCode, detail: string) =>
    new Timeout<Cancellation>(clock, milliseconds, (cancellation) =>
      cancellation.cancel(new GatewayError(code, detail)),
    );
  const { request, response, exchange } = timeouts;
  return {
    request: limit(
      request,
      "request_timeout",
      `the request's content took longer than ${request} ms`,
    ),
    response: new Timeout(clock, response, (attempt) =>
      attempt.timeIsUp("backend_timeout", `the backend sent no answer within ${response} ms`),
    ),
    exchange: limit(exchange, "exchange_timeout", `the exchange took longer than ${exchange} ms`),
    hedge: new Timeout(clock, hedge, (race) => race.goSecond()),
  };
}
