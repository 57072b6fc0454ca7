import { asksForWebSocket } from "../http/websocket.ts";
import type { Answer } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import type { Handler } from "../pipeline/chain.ts";
import type { AttemptRecord, Exchange } from "../pipeline/exchange.ts";
import type { Outgoing } from "../pipeline/outgoing.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { Attempt, type BackendRequest, type Transport } from "../transport/attempt.ts";
import { Ring } from "./attempts.ts";
import { answerLastHop, type Content, requestContent } from "./request.ts";
import { prepareAnswer } from "./response.ts";
import type { ForwardSettings } from "./settings.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";
import type { Tunnels } from "./tunnel.ts";
import { checkHandshake, openTunnel } from "./websocket.ts";

/** What forwarding depends on; shared by all routes. */
export interface ForwardServices {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Holds every WebSocket while it is open. */
  readonly tunnels: Tunnels;
}

/**
 * The end of a route's chain: picks a backend, attempts, answers.
 *
 *   exchange → Ring → backend → request fields → transport → response fields → Answer
 *                                              → WebSocket → Tunnel
 */
export class Forwarding implements Handler {
  readonly #upstream: Upstream;
  readonly #settings: ForwardSettings;
  readonly #timeouts: RouteTimeouts;
  readonly #services: ForwardServices;

  constructor(
    upstream: Upstream,
    settings: ForwardSettings,
    timeouts: RouteTimeouts,
    services: ForwardServices,
  ) {
    this.#upstream = upstream;
    this.#settings = settings;
    this.#timeouts = timeouts;
    this.#services = services;
  }

  handle(exchange: Exchange): Answer | Promise<Answer> {
    const answer = answerLastHop(exchange);
    return answer ?? this.#forward(exchange, new Ring(exchange, this.#upstream, this.#timeouts));
  }

  /** A single asynchronous function: each further one costs a small request one or two percent. */
  async #forward(exchange: Exchange, ring: Ring): Promise<Answer> {
    const settings = this.#settings;
    const { clock, transport } = this.#services;
    exchange.held = ring;
    if (asksForWebSocket(exchange.method, exchange.fields)) {
      return this.#openTunnel(exchange, ring);
    }
    const pending = requestContent(exchange, settings, this.#timeouts, clock);
    const content = pending instanceof Promise ? await pending : pending;
    for (;;) {
      const attempt = this.#nextAttempt(exchange, ring.backend, content);
      try {
        const backendAnswer = await attempt.sendBy(transport);
        attempt.endedAt = clock.monotonic();
        exchange.headersAt = attempt.endedAt;
        ring.answered();
        return prepareAnswer(exchange, { backendAnswer, settings, clock });
      } catch (error) {
        attempt.endedAt = clock.monotonic();
        attempt.failure = error as Error;
        const last = ring.failed(error, !attempt.isStreamTouched);
        if (last !== undefined) throw letGoOf(content, last);
      }
    }
  }

  /** Throws the reason if the exchange has been cancelled. */
  #nextAttempt(exchange: Exchange, backend: Backend, { body, sent }: Content): Attempt {
    const { attempts, cancellation, outgoing } = exchange;
    if (cancellation.reason !== undefined) throw cancellation.reason;
    const request: BackendRequest = {
      backend: backend.url,
      to: backend.to,
      method: outgoing.method,
      target: targetAt(backend, outgoing),
      fields: outgoing.fields,
      upgrade: undefined,
      body,
      bodySent: sent,
      timeout: this.#timeouts.response,
      cancellation,
      from: exchange,
    };
    const attempt = new Attempt(request, this.#services.clock.monotonic());
    attempts.push(attempt);
    return attempt;
  }

  async #openTunnel(exchange: Exchange, ring: Ring): Promise<Answer> {
    const { clock, tunnels } = this.#services;
    const { cancellation } = exchange;
    if (cancellation.reason !== undefined) throw cancellation.reason;
    checkHandshake(exchange.fields);
    const { outgoing } = exchange;
    for (;;) {
      const { backend } = ring;
      const attempt = new TunnelAttempt(backend.url, clock.monotonic());
      exchange.attempts.push(attempt);
      try {
        const url = backend.webSocketOrigin + targetAt(backend, outgoing);
        const answer = await openTunnel(exchange, url, outgoing.fields, {
          tls: backend.to.tls,
          idleTimeout: this.#settings.timeouts.idle,
          timeout: this.#timeouts.handshake,
          cancellation,
          clock,
          tunnels,
        });
        attempt.endedAt = exchange.headersAt;
        ring.answered();
        return answer;
      } catch (error) {
        attempt.endedAt = clock.monotonic();
        attempt.failure = error as Error;
        const last = ring.failed(error, true);
        if (last !== undefined) throw last;
      }
    }
  }
}

/** A WebSocket attempt. */
class TunnelAttempt implements AttemptRecord {
  readonly backend: string;
  readonly startedAt: number;
  endedAt = 0;
  failure: Error | undefined = undefined;

  constructor(backend: string, startedAt: number) {
    this.backend = backend;
    this.startedAt = startedAt;
  }
}

/** The target at one backend: the outgoing path below the backend's base path. */
function targetAt(backend: Backend, { path, query }: Outgoing): string {
  return backend.basePath + path + query;
}

/** Cancels content that was not sent, or not all of it; returns the error. */
function letGoOf({ body }: Content, error: unknown): unknown {
  if (body !== null && !(body instanceof Uint8Array)) void body.cancel(error);
  return error;
}
