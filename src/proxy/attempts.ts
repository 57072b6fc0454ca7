import { idempotentMethods } from "../http/methods.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { PendingTimeout } from "../time/timeout.ts";
import { AttemptError } from "../transport/attempt-error.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";

/**
 * Maximum attempts per exchange, so that a large upstream of dead backends does not delay it for long.
 */
const MOST_ATTEMPTS = 10;
const RETRY_SOON = { "retry-after": "1" };

/**
 * The ring that an exchange goes round until a backend has answered:
 *
 *   pick → send → head of the answer
 *     ▲      │
 *     └──────┘  the attempt failed, and no backend can have acted on it
 *
 * A request that reached no backend goes to another one whatever its method. One that was written to a
 * reused connection that was closing goes to another one if its method is idempotent (RFC 9110 section
 * 9.2.2). Policies are never run twice.
 */
export class Ring {
  /** The current one; it counts the exchange as in flight until the end. */
  backend: Backend;
  readonly #exchange: Exchange;
  readonly #upstream: Upstream;
  readonly #timeouts: RouteTimeouts;
  readonly #whole: PendingTimeout;
  #tried: Set<Backend> | undefined;

  /**
   * Starts the exchange's timeouts. Throws a GatewayError if no backend is healthy or all are at
   * max_in_flight.
   */
  constructor(exchange: Exchange, upstream: Upstream, timeouts: RouteTimeouts) {
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.#timeouts = timeouts;
    this.backend = pickFirst(upstream, exchange);
    this.backend.inFlight += 1;
    this.#whole = timeouts.exchange.begin(exchange.cancellation);
  }

  /** The current backend has begun to answer. */
  answered(): void {
    this.backend.health.reached();
  }

  /**
   * The attempt at the current backend has failed. Moves on to the next backend, or returns the error
   * that ends the exchange if there is none or the request must not be sent again. `isReplayable`: all
   * of the request's content is still available.
   */
  failed(error: unknown, isReplayable: boolean): unknown {
    const { reason } = this.#exchange.cancellation;
    if (!(error instanceof AttemptError) || reason !== undefined) return reason ?? error;
    if (error.reached === "nothing") this.backend.health.unreached(error.message);
    const tried = (this.#tried ??= new Set<Backend>()).add(this.backend);
    const mayGoOn = isReplayable && tried.size < MOST_ATTEMPTS && this.#mayBeSentAgain(error);
    const next = mayGoOn ? this.#upstream.pickAvailable(this.#exchange, tried) : undefined;
    if (next === undefined) return tried.size === 1 ? error : ofMany(error, tried.size);
    this.backend.inFlight -= 1;
    this.backend = next;
    next.inFlight += 1;
    return undefined;
  }

  /** To be called once: the exchange goes round no more, and no content is on its way. */
  end(): void {
    this.backend.inFlight -= 1;
    this.#timeouts.exchange.end(this.#whole);
  }

  #mayBeSentAgain({ reached }: AttemptError): boolean {
    if (reached === "reused") return idempotentMethods.has(this.#exchange.outgoing.method);
    return reached === "nothing";
  }
}

function pickFirst(upstream: Upstream, exchange: Exchange): Backend {
  const backend = upstream.pick(exchange);
  if (backend === undefined) {
    throw new GatewayError(
      "no_healthy_backend",
      "no backend of this route is healthy; the gateway's log and /admin/backends say why",
      { fields: RETRY_SOON },
    );
  }
  if (!backend.isFull) return backend;
  const available = upstream.pickAvailable(exchange, new Set([backend]));
  if (available !== undefined) return available;
  throw new GatewayError("overloaded", "every backend of this route is at its max_in_flight", {
    fields: RETRY_SOON,
  });
}

function ofMany(error: AttemptError, count: number): AttemptError {
  const detail = `${error.message}; ${count} backends were tried`;
  return new AttemptError(error.code, detail, error.reached, error);
}
