import { GatewayError } from "../pipeline/errors.ts";
import type { Backend } from "./backend.ts";

/**
 * Why none of an upstream's backends can be picked, as the error to answer with. `healthy`: those that
 * are healthy, or are tried all the same. `isFull`: the upstream is at its max_in_flight.
 */
export function unavailable(healthy: readonly Backend[], isFull: boolean): GatewayError {
  if (healthy.length === 0) {
    const detail =
      "no backend of this route is healthy; the gateway's log and /admin/backends say why";
    return new GatewayError("no_healthy_backend", detail, { fields: retryAfter(0) });
  }
  if (healthy.some(({ breaker }) => breaker?.passes !== false)) {
    const detail = isFull
      ? "the upstream of this route is at its max_in_flight"
      : "every backend of this route is at its max_in_flight";
    return new GatewayError("overloaded", detail, { fields: retryAfter(0) });
  }
  const opensFor = healthy.map(({ breaker }) => breaker?.opensFor ?? 0);
  return new GatewayError(
    "circuit_open",
    "too many requests failed at the backends of this route, and their circuit breakers are open",
    { fields: retryAfter(Math.min(...opensFor)) },
  );
}

/** Why there is none while an operator keeps requests from all of them. */
export function allDrained(): GatewayError {
  const detail = "every backend of this route is drained";
  return new GatewayError("no_healthy_backend", detail, { fields: retryAfter(0) });
}

/** In whole seconds, at least one. */
function retryAfter(milliseconds: number) {
  return { "retry-after": String(Math.max(1, Math.ceil(milliseconds / 1_000))) };
}
