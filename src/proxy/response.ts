import { listWith } from "../http/fields.ts";
import { Answer } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import { errorKinds, GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { VIA } from "../pipeline/outgoing.ts";
import type { BackendAnswer } from "../transport/backend-answer.ts";
import { backendError } from "../transport/backend-error.ts";
import { countedBody } from "../pipeline/content.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import { FirstPiece } from "./first-piece.ts";
import type { ForwardSettings } from "./settings.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";

/** A backend's answer, and the settings for relaying it. */
export interface Relay {
  readonly backendAnswer: BackendAnswer;
  readonly settings: ForwardSettings;
  readonly timeouts: RouteTimeouts;
  readonly budget: BufferBudget;
  readonly clock: Clock;
}

/**
 * Turns a backend's answer into the client's: Via and the request's id are added. Content of known
 * length up to `bufferSize` is buffered, so that it keeps its Content-Length (the runtime sends streams
 * chunked); all other content is streamed.
 */
export function prepareAnswer(exchange: Exchange, relay: Relay): Answer | Promise<Answer> {
  const { backendAnswer } = relay;
  const { status, fields } = backendAnswer;
  if (status < 200 || status > 599) {
    const error = new GatewayError(
      "backend_protocol_error",
      `the backend answered with status ${status}`,
    );
    exchange.cancellation.cancel(error);
    throw error;
  }
  fields.set("via", listWith(fields.get("via"), VIA));
  fields.set("x-request-id", exchange.requestId);
  const length = backendAnswer.contentLength;
  if (exchange.method === "HEAD" || length === 0 || status === 204 || status === 304) {
    // Without a length the runtime would invent one of 0, which differs from a GET's.
    if (exchange.method === "HEAD" && length === undefined && status !== 204 && status !== 304) {
      fields.set("transfer-encoding", "chunked");
    }
    return new Answer(null, backendAnswer);
  }
  const collect =
    length !== undefined && length <= relay.settings.bufferSize && relay.budget.take(length);
  return collect ? collectContent(exchange, relay, length) : passOn(exchange, relay, length);
}

/** Content that arrived with the header section is taken at once, without a promise or a timer. */
function collectContent(
  exchange: Exchange,
  relay: Relay,
  length: number,
): Answer | Promise<Answer> {
  const pending = relay.backendAnswer.whole(length);
  const present = pending instanceof Promise ? Bun.peek(pending) : pending;
  if (!(present instanceof Uint8Array)) {
    return collectLater(exchange, relay, length, Promise.resolve(pending));
  }
  relay.budget.giveBack(length);
  return whole(exchange, relay, length, present);
}

async function collectLater(
  exchange: Exchange,
  relay: Relay,
  length: number,
  pending: Promise<Uint8Array>,
): Promise<Answer> {
  const { timeouts } = relay;
  const { cancellation } = exchange;
  const pendingTimeout = timeouts.content.begin(cancellation);
  let bytes: Uint8Array;
  try {
    bytes = await pending;
  } catch (error) {
    throw brokenOff(cancellation, error);
  } finally {
    timeouts.content.end(pendingTimeout);
    relay.budget.giveBack(length);
  }
  return whole(exchange, relay, length, bytes);
}

function whole(
  exchange: Exchange,
  { backendAnswer }: Relay,
  length: number,
  bytes: Uint8Array,
): Answer {
  if (bytes.length !== length) throw incomplete(length, bytes.length);
  if (backendAnswer.fields.has("content-type")) return new Answer(bytes, backendAnswer);
  // The runtime invents a type for a buffered body without one, but not for a stream.
  exchange.bytesOut = length;
  exchange.content = oneChunk(bytes);
  return new Answer(exchange.content, backendAnswer);
}

function oneChunk(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function passOn(exchange: Exchange, relay: Relay, length: number | undefined): Answer {
  const { backendAnswer, settings, clock } = relay;
  const { cancellation } = exchange;
  const reader = backendAnswer.reader();
  if (reader === undefined) return new Answer(null, backendAnswer);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  exchange.ended = promise;
  const endBecause = (failure: GatewayError) => {
    // If a problem has already replaced the answer, the client has not left.
    const isCause = exchange.errorCode === undefined;
    exchange.fail(failure.code, failure.message);
    if (isCause && errorKinds[failure.code].source === "client") exchange.status = failure.status;
    cancellation.cancel(failure);
    end();
  };
  let passed = 0;
  const body = countedBody(
    new FirstPiece(reader),
    {
      onChunk(bytes) {
        passed += bytes;
        // A policy may have replaced the content; then only the replacement counts.
        if (exchange.content === body) exchange.bytesOut = passed;
      },
      onEnd() {
        if (length !== undefined && passed !== length) throw incomplete(length, passed);
        end();
      },
      onError(error) {
        endBecause(brokenOff(cancellation, error));
      },
      onCancel() {
        endBecause(cancellation.reason ?? clientLeft());
      },
      onIdle(waitingFor) {
        cancellation.cancel(waitingFor === "source" ? stalled(settings) : notRead(settings));
      },
    },
    { idleTimeout: settings.timeouts.idle, signal: cancellation.signal, clock },
  );
  exchange.content = body;
  return new Answer(body, backendAnswer);
}

function brokenOff(cancellation: Cancellation, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (cancellation.reason !== undefined) return cancellation.reason;
  const known = backendError(error, "maybe");
  return known.code === "backend_connection_closed"
    ? new GatewayError("backend_answer_incomplete", "the backend broke off its answer", {
        cause: error,
      })
    : known;
}

function incomplete(promised: number, sent: number): GatewayError {
  return new GatewayError(
    "backend_answer_incomplete",
    `the backend promised ${promised} bytes and sent ${sent}`,
  );
}

function clientLeft(): GatewayError {
  return new GatewayError("client_closed", "the client left in the middle of the answer");
}

function stalled({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "backend_stalled",
    `the backend's answer stalled for ${timeouts.idle} ms`,
  );
}

function notRead({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "client_stalled",
    `the client read nothing of the answer for ${timeouts.idle} ms`,
  );
}
