import { listWith } from "../http/fields.ts";
import type { Clock } from "../pipeline/clock.ts";
import { errorKinds, GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { BackendAnswer } from "./answer.ts";
import { backendError } from "./backend-error.ts";
import { countedBody } from "./body.ts";
import type { BreakOff } from "./break-off.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import { FirstPiece } from "./first-piece.ts";
import { VIA } from "./request.ts";
import type { ForwardSettings } from "./settings.ts";
import type { TimeLimits } from "./time-limits.ts";

/** A backend's answer, and what is needed to pass it on. */
export interface Passage {
  readonly answer: BackendAnswer;
  readonly breakOff: BreakOff;
  readonly settings: ForwardSettings;
  readonly limits: TimeLimits;
  readonly budget: BufferBudget;
  readonly clock: Clock;
}

/**
 * Turns a backend's answer into the one for the client: Via and the request's id are added. Content
 * of known length is collected up to `bufferSize`, so that it keeps its Content-Length (the runtime
 * sends streams chunked); all else is passed on as it comes.
 */
export function prepareResponse(
  exchange: Exchange,
  passage: Passage,
): Response | Promise<Response> {
  const { answer, breakOff } = passage;
  const { status, headers } = answer;
  if (status < 200 || status > 599) {
    const error = new GatewayError(
      "backend_protocol_error",
      `the backend answered with status ${status}`,
    );
    breakOff.because(error);
    throw error;
  }
  headers.set("via", listWith(headers.get("via"), VIA));
  headers.set("x-request-id", exchange.requestId);
  const length = answer.contentLength;
  if (exchange.method === "HEAD" || length === 0 || status === 204 || status === 304) {
    // Without a length the runtime would invent one of 0, which is not what a GET would get.
    if (exchange.method === "HEAD" && length === undefined && status !== 204 && status !== 304) {
      headers.set("transfer-encoding", "chunked");
    }
    return withHead(answer, null);
  }
  const collect =
    length !== undefined && length <= passage.settings.bufferSize && passage.budget.take(length);
  return collect ? collectContent(exchange, passage, length) : passOn(exchange, passage, length);
}

function withHead(
  { status, statusText, headers }: BackendAnswer,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
): Response {
  return new Response(body, { status, statusText, headers });
}

/** What has come along with the header section is taken at once, without a promise or a timer. */
function collectContent(
  exchange: Exchange,
  passage: Passage,
  length: number,
): Response | Promise<Response> {
  const pending = passage.answer.whole(length);
  const present = pending instanceof Promise ? Bun.peek(pending) : pending;
  if (!(present instanceof Uint8Array)) {
    return collectLater(exchange, passage, length, Promise.resolve(pending));
  }
  passage.budget.giveBack(length);
  return whole(exchange, passage, length, present);
}

async function collectLater(
  exchange: Exchange,
  passage: Passage,
  length: number,
  pending: Promise<Uint8Array>,
): Promise<Response> {
  const { breakOff, limits } = passage;
  const countdown = limits.content.begin(breakOff);
  let bytes: Uint8Array;
  try {
    bytes = await pending;
  } catch (error) {
    throw brokenOff(breakOff, error);
  } finally {
    limits.content.end(countdown);
    passage.budget.giveBack(length);
  }
  return whole(exchange, passage, length, bytes);
}

function whole(
  exchange: Exchange,
  { answer }: Passage,
  length: number,
  bytes: Uint8Array,
): Response {
  if (bytes.length !== length) throw incomplete(length, bytes.length);
  exchange.bytesOut = length;
  // The runtime gives a buffered body without a type one of its own; a stream's it leaves alone.
  return withHead(answer, answer.headers.has("content-type") ? bytes : oneChunk(bytes));
}

function oneChunk(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function passOn(exchange: Exchange, passage: Passage, length: number | undefined): Response {
  const { answer, breakOff, settings, clock } = passage;
  const reader = answer.reader();
  if (reader === undefined) return withHead(answer, null);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  exchange.ended = promise;
  const endBecause = (failure: GatewayError) => {
    exchange.fail(failure.code, failure.message);
    if (errorKinds[failure.code].source === "client") exchange.status = failure.status;
    breakOff.because(failure);
    end();
  };
  const body = countedBody(
    new FirstPiece(reader),
    {
      onChunk(bytes) {
        exchange.bytesOut += bytes;
      },
      onEnd() {
        if (length !== undefined && exchange.bytesOut !== length) {
          throw incomplete(length, exchange.bytesOut);
        }
        end();
      },
      onError(error) {
        endBecause(brokenOff(breakOff, error));
      },
      onCancel() {
        endBecause(breakOff.reason ?? clientLeft());
      },
      onIdle(waitingFor) {
        breakOff.because(waitingFor === "source" ? stalled(settings) : notRead(settings));
      },
    },
    { idleTimeout: settings.timeouts.idle, signal: breakOff.signal, clock },
  );
  return withHead(answer, body);
}

function brokenOff(breakOff: BreakOff, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (breakOff.reason !== undefined) return breakOff.reason;
  const known = backendError(error);
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
    `nothing of the backend's answer came for ${timeouts.idle} ms`,
  );
}

function notRead({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "client_stalled",
    `the client read nothing of the answer for ${timeouts.idle} ms`,
  );
}
