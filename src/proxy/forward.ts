import { asksForWebSocket } from "../http/websocket.ts";
import type { Answer } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import type { Handler } from "../pipeline/chain.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Outgoing } from "../pipeline/outgoing.ts";
import type { Countdown } from "../time/time-limit.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { Attempt, type Transport } from "../transport/attempt.ts";
import { Cancellation } from "../pipeline/cancellation.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import { answerLastHop, refuseDiscardedContent, requestContent } from "./request.ts";
import { prepareAnswer } from "./response.ts";
import type { ForwardSettings } from "./settings.ts";
import type { TimeLimits } from "./time-limits.ts";
import type { Tunnel } from "./tunnel.ts";
import { checkHandshake, openTunnel } from "./websocket.ts";

/** What forwarding needs of the world; shared by all routes. */
export interface ForwardServices {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly budget: BufferBudget;
  /** Holds every WebSocket while it is open. */
  readonly tunnels: Set<Tunnel>;
}

/**
 * What stands at the end of a route's chain: chooses a backend, attempts, answers.
 *
 *   exchange → balancer → backend → request fields → transport → response fields → Answer
 *                                                  → WebSocket → Tunnel
 */
export class Forwarding implements Handler {
  readonly #upstream: Upstream;
  readonly #settings: ForwardSettings;
  readonly #limits: TimeLimits;
  readonly #services: ForwardServices;

  constructor(
    upstream: Upstream,
    settings: ForwardSettings,
    limits: TimeLimits,
    services: ForwardServices,
  ) {
    this.#upstream = upstream;
    this.#settings = settings;
    this.#limits = limits;
    this.#services = services;
  }

  handle(exchange: Exchange): Answer | Promise<Answer> {
    refuseDiscardedContent(exchange);
    const answer = answerLastHop(exchange);
    if (answer !== undefined) return answer;
    const backend = chooseBackend(this.#upstream, exchange);
    exchange.backend = backend.url;
    return forwardToBackend(exchange, backend, this.#settings, this.#limits, this.#services);
  }
}

function chooseBackend(upstream: Upstream, exchange: Exchange): Backend {
  let backend = upstream.pick(exchange);
  if (backend === undefined) {
    throw new GatewayError("no_healthy_backend", "no backend of this route is healthy", {
      fields: RETRY_SOON,
    });
  }
  if (!backend.isFull) return backend;
  const full = new Set<Backend>();
  while (backend?.isFull === true) {
    full.add(backend);
    backend = upstream.pick(exchange, full);
  }
  if (backend !== undefined) return backend;
  throw new GatewayError(
    "overloaded",
    "every backend of this route has as many requests as it may have",
    { fields: RETRY_SOON },
  );
}

const RETRY_SOON = { "retry-after": "1" };

async function forwardToBackend(
  exchange: Exchange,
  backend: Backend,
  settings: ForwardSettings,
  limits: TimeLimits,
  services: ForwardServices,
): Promise<Answer> {
  const { transport, clock, budget } = services;
  const { request } = exchange;
  const cancellation = new Cancellation(request);
  const patience = limits.patience.begin(cancellation);
  const countdown = limits.exchange.begin(cancellation);
  backend.inFlight += 1;
  try {
    if (asksForWebSocket(exchange.method, exchange.fields)) {
      cancellation.listenToClient();
      if (cancellation.reason !== undefined) throw cancellation.reason;
      checkHandshake(request);
      exchange.attempts += 1;
      const { outgoing } = exchange;
      const url = backend.webSocketOrigin + targetAt(backend, outgoing);
      return await openTunnel(exchange, url, outgoing.fields, {
        tls: backend.tls,
        idleTimeout: settings.timeouts.idle,
        timeLimit: limits.handshake,
        cancellation,
        clock,
        tunnels: services.tunnels,
      });
    }
    const content = requestContent(exchange, settings, limits, cancellation, clock);
    const { body, sent } = content instanceof Promise ? await content : content;
    if (cancellation.reason !== undefined) throw cancellation.reason;
    exchange.attempts += 1;
    const { outgoing } = exchange;
    const attempt = new Attempt({
      origin: backend.origin,
      method: outgoing.method,
      target: targetAt(backend, outgoing),
      fields: outgoing.fields,
      body,
      bodySent: sent,
      timeLimit: limits.response,
      tls: backend.tls,
      cancellation,
      from: exchange,
    });
    const backendAnswer = await attempt.sendBy(transport);
    exchange.headersAt = clock.monotonic();
    const answer = prepareAnswer(exchange, {
      backendAnswer,
      cancellation,
      settings,
      limits,
      budget,
      clock,
    });
    return answer instanceof Promise ? await answer : answer;
  } finally {
    const underWay: UnderWay = { backend, limits, countdown, patience };
    if (exchange.ended === undefined) release(underWay);
    else releaseAfter(exchange.ended, underWay);
  }
}

/** What one backend is asked for: the outgoing path below the backend's own. */
function targetAt(backend: Backend, { path, query }: Outgoing): string {
  return backend.basePath + path + query;
}

/** What an exchange has of a backend and of time. */
interface UnderWay {
  readonly backend: Backend;
  readonly limits: TimeLimits;
  readonly countdown: Countdown;
  readonly patience: Countdown;
}

function release({ backend, limits, countdown, patience }: UnderWay): void {
  backend.inFlight -= 1;
  limits.exchange.end(countdown);
  limits.patience.end(patience);
}

function releaseAfter(ended: Promise<void>, underWay: UnderWay): void {
  void ended.then(() => release(underWay));
}
