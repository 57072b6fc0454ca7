import { type Answer, isReader } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import type { Handler } from "../pipeline/chain.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Outgoing } from "../pipeline/outgoing.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { Attempt, type BackendRequest, type Transport } from "../transport/attempt.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import { Ring } from "./attempts.ts";
import { answerLastHop, type Content, requestContent } from "./request.ts";
import { prepareAnswer } from "./response.ts";
import type { ForwardSettings } from "./settings.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";
import type { Tunnels } from "./tunnel/tunnel.ts";
import { answerUpgrade, requestedUpgrades } from "./upgrade.ts";

/** What forwarding depends on; shared by all routes. */
export interface ForwardServices {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Holds every tunnel while it is open. */
  readonly tunnels: Tunnels;
}

/**
 * The end of a route's chain: picks a backend, attempts, answers.
 *
 *   exchange → Ring → backend → request fields → transport → response fields → Answer
 *                                              → 101 → Tunnel
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
    const { clock, transport, tunnels } = this.#services;
    exchange.held = ring;
    const asked =
      exchange.fields.upgrade === null ? undefined : requestedUpgrades(exchange, settings.upgrades);
    const pending = requestContent(exchange, settings, this.#timeouts, clock);
    const content = pending instanceof Promise ? await pending : pending;
    for (;;) {
      const attempt = this.#nextAttempt(exchange, ring.backend, content, asked);
      try {
        const backendAnswer = await attempt.sendBy(transport);
        if (isUnfinished(backendAnswer)) await nextTurn();
        attempt.endedAt = clock.monotonic();
        exchange.headersAt = attempt.endedAt;
        ring.answered();
        const relay = { backendAnswer, settings, clock };
        return asked === undefined
          ? prepareAnswer(exchange, relay)
          : answerUpgrade(exchange, { ...relay, asked, tunnels });
      } catch (error) {
        attempt.endedAt = clock.monotonic();
        attempt.failure = error as Error;
        const last = ring.failed(error, !attempt.isStreamTouched);
        if (last !== undefined) throw letGoOf(content, last);
      }
    }
  }

  /** Throws the reason if the exchange has been cancelled. */
  #nextAttempt(
    exchange: Exchange,
    backend: Backend,
    { body, sent }: Content,
    upgrade: string | undefined,
  ): Attempt {
    const { attempts, cancellation, outgoing } = exchange;
    if (cancellation.reason !== undefined) throw cancellation.reason;
    const request: BackendRequest = {
      backend: backend.url,
      to: upgrade === undefined ? backend.to : backend.toUpgrade,
      method: outgoing.method,
      target: targetAt(backend, outgoing),
      fields: outgoing.fields,
      upgrade,
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
}

/** The target at one backend: the outgoing path below the backend's base path. */
function targetAt(backend: Backend, { path, query }: Outgoing): string {
  return backend.basePath + path + query;
}

/**
 * Whether a small answer has not arrived whole. One that its backend breaks off at once can then still
 * become a problem.
 */
function isUnfinished({ content }: BackendAnswer): boolean {
  return content?.length !== undefined && !content.complete && content.length <= SMALL;
}

/** Bytes of an answer that usually arrives whole. */
const SMALL = 65_536;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Cancels content that was not sent, or not all of it; returns the error. */
function letGoOf({ body }: Content, error: unknown): unknown {
  if (isReader(body)) void body.cancel(error);
  return error;
}
