import type { Answer } from "../pipeline/answer.ts";
import type { Handler } from "../pipeline/chain.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Outgoing } from "../pipeline/outgoing.ts";
import { nextTurn } from "../time/next-turn.ts";
import type { Backend } from "../upstream/backend.ts";
import { Attempt, type BackendRequest } from "../transport/attempt.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import { Ring } from "./attempts.ts";
import { answerLastHop, type Content, letGoOf, NONE, requestContent } from "./request.ts";
import type { Mirror } from "./mirror/mirror.ts";
import { prepareAnswer } from "./response.ts";
import { hedged, isHedgeable } from "./retry/hedging.ts";
import type { Finish } from "./retry/race.ts";
import type { ForwardRoute } from "./route.ts";
import { answerUpgrade, requestedUpgrades } from "./upgrade.ts";

/**
 * The end of a route's chain: picks a backend, attempts, answers.
 *
 *   exchange → Ring → backend → request fields → transport → response fields → Answer
 *                                              → 101 → Tunnel
 */
export class Forwarding implements Handler {
  readonly #route: ForwardRoute;

  constructor(route: ForwardRoute) {
    this.#route = route;
  }

  handle(exchange: Exchange): Answer | Promise<Answer> {
    const answer = answerLastHop(exchange);
    return answer ?? this.#forward(exchange, new Ring(exchange, this.#route));
  }

  /** A single asynchronous function: each further one costs a small request one or two percent. */
  async #forward(exchange: Exchange, ring: Ring): Promise<Answer> {
    const { settings, timeouts, clock, transport, tunnels, mirrors } = this.#route;
    exchange.held = ring;
    const { sticky } = this.#route.upstream;
    sticky?.hide(exchange);
    const asked =
      exchange.fields.upgrade === null ? undefined : requestedUpgrades(exchange, settings.upgrades);
    const refusal = exchange.request.content === undefined ? undefined : ring.refusal();
    if (refusal !== undefined) throw refusal;
    const pending = requestContent(exchange, settings, timeouts, clock);
    let content = pending instanceof Promise ? await pending : pending;
    const isHedged =
      settings.hedge !== undefined && asked === undefined && isHedgeable(exchange, content);
    let last = ring.start();
    if (mirrors !== undefined && asked === undefined && last === undefined) {
      content = copyTo(mirrors, exchange, content);
    }
    for (;;) {
      while (ring.pause !== undefined) last = ring.goOn(await ring.pause.over);
      if (last !== undefined) break;
      exchange.headersAt = 0;
      let attempt = this.#nextAttempt(exchange, ring.backend, content, asked);
      if (ring.trial !== undefined) ring.begin(attempt);
      try {
        let backendAnswer: BackendAnswer;
        if (!isHedged || ring.isHedged) backendAnswer = await attempt.sendBy(transport);
        else {
          const finish = await this.#hedged(exchange, ring, attempt);
          ({ attempt } = finish);
          if (finish.answer === undefined) throw finish.error;
          backendAnswer = finish.answer;
        }
        if (isUnfinished(backendAnswer)) await nextTurn();
        attempt.endedAt = clock.monotonic();
        if (ring.passesOn(attempt, backendAnswer, content)) {
          exchange.headersAt = attempt.endedAt;
          sticky?.mark(exchange, ring.backend, backendAnswer);
          const relay = { backendAnswer, settings, clock };
          const answer =
            asked === undefined
              ? prepareAnswer(exchange, relay)
              : answerUpgrade(exchange, { ...relay, asked, tunnels });
          content.repeatable?.answered();
          if (ring.isHedged) exchange.answeredBy = attempt;
          return answer;
        }
      } catch (error) {
        last = ring.failed(attempt, error, content);
      }
    }
    letGoOf(content, last);
    const backendAnswer = ring.takeFallback();
    if (backendAnswer === undefined) throw last;
    return prepareAnswer(exchange, { backendAnswer, settings, clock });
  }

  /** Not within `#forward`, whose variables a closure would move to the heap. */
  #hedged(exchange: Exchange, ring: Ring, attempt: Attempt): Promise<Finish> {
    const another = (backend: Backend) => this.#nextAttempt(exchange, backend, NONE, undefined);
    return hedged(ring, attempt, another, { route: this.#route, exchange });
  }

  /** Throws the reason if the exchange has been cancelled. */
  #nextAttempt(
    exchange: Exchange,
    backend: Backend,
    { body, sent, repeatable }: Content,
    upgrade: string | undefined,
  ): Attempt {
    const { attempts, cancellation, outgoing, trace } = exchange;
    if (cancellation.reason !== undefined) throw cancellation.reason;
    const spanId = trace?.attemptSpanId();
    const request: BackendRequest = {
      backend: backend.url,
      to: upgrade === undefined ? backend.to : backend.toUpgrade,
      method: outgoing.method,
      target: targetAt(backend, outgoing),
      fields: spanId === undefined ? outgoing.fields : tracedFields(exchange, spanId),
      upgrade,
      body: repeatable === undefined ? body : repeatable.reader(),
      bodySent: sent,
      timeout: this.#route.timeouts.response,
      cancellation,
      from: exchange,
      spanId,
    };
    const attempt = new Attempt(request, this.#route.clock.monotonic());
    attempts.push(attempt);
    return attempt;
  }
}

function copyTo(mirrors: readonly Mirror[], exchange: Exchange, content: Content): Content {
  return mirrors.reduce((given, mirror) => mirror.copy(exchange, given), content);
}

/** The request's fields, with the span of one attempt. */
function tracedFields({ outgoing, trace }: Exchange, spanId: string): readonly string[] {
  return trace?.fieldsFor(outgoing.fields, spanId) ?? outgoing.fields;
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
