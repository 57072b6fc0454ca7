import type { Clock } from "../pipeline/clock.ts";
import type { Handler } from "../pipeline/compose.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import {
  prepareRequestFields,
  refuseDiscardedContent,
  requestBody,
  type RequestBodyLimits,
} from "./request.ts";
import { prepareResponse } from "./response.ts";
import { attempt, type Fetch } from "./transport.ts";

export interface ForwardOptions extends RequestBodyLimits {
  readonly upstream: Upstream;
  /** Milliseconds until a backend's header section must have arrived. */
  readonly headersTimeout: number;
  /** Whether the backend sees the Host that the client asked for, or its own. */
  readonly preserveHost: boolean;
}

/**
 * What stands at the end of a route's chain: chooses a backend, attempts, answers.
 *
 *   exchange → balancer → backend → request fields → transport → response fields → Response
 */
export function forwardTo(options: ForwardOptions, fetch: Fetch, clock: Clock): Handler {
  return async function forward(exchange) {
    refuseDiscardedContent(exchange);
    const backend = options.upstream.pick();
    if (backend === undefined) {
      throw new GatewayError("no_healthy_backend", "no backend of this route is healthy");
    }
    exchange.backend = backend.url;
    const body = await requestBody(exchange, options, clock);
    prepareRequestFields(exchange);
    if (!options.preserveHost) exchange.request.headers.delete("host");
    exchange.attempts += 1;
    const answer = await attempt(
      {
        url: backendUrl(backend, exchange),
        method: exchange.method,
        headers: exchange.request.headers,
        body,
        headersTimeout: options.headersTimeout,
        clientSignal: exchange.request.signal,
      },
      fetch,
      clock,
    );
    exchange.headersAt = clock.monotonic();
    return prepareResponse(exchange, answer);
  };
}

/** The backend's base path stands in front of the path as it was matched. */
function backendUrl(backend: Backend, exchange: Exchange): string {
  return backend.origin + backend.basePath + exchange.target.path + exchange.target.query;
}
