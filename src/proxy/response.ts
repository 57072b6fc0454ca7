import { contentLength, listWith, removeHopByHopFields } from "../http/fields.ts";
import type { Clock } from "../pipeline/clock.ts";
import { errorKinds, GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { countedBody } from "./body.ts";
import type { BreakOff } from "./break-off.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import { VIA } from "./request.ts";
import type { ForwardSettings } from "./settings.ts";
import type { TimeLimits } from "./time-limits.ts";
import { backendError } from "./transport.ts";

/** A backend's answer, and what is needed to pass it on. */
export interface Answer {
  readonly response: Response;
  readonly breakOff: BreakOff;
  readonly settings: ForwardSettings;
  readonly limits: TimeLimits;
  readonly budget: BufferBudget;
  readonly clock: Clock;
}

/**
 * Turns a backend's answer into the one for the client: hop-by-hop fields go, Via is added. Content
 * of known length is collected up to `bufferSize`, so that it keeps its Content-Length (the runtime
 * sends streams chunked); all else is passed on as it comes.
 */
export function prepareResponse(exchange: Exchange, answer: Answer): Response | Promise<Response> {
  const { response, breakOff } = answer;
  const { status, headers } = response;
  if (status < 200 || status > 599) {
    const error = new GatewayError(
      "backend_protocol_error",
      `the backend answered with status ${status}`,
    );
    breakOff.because(error);
    throw error;
  }
  removeHopByHopFields(headers);
  headers.set("via", listWith(headers.get("via"), VIA));
  headers.set("x-request-id", exchange.requestId);
  const length = contentLength(headers.get("content-length"));
  if (exchange.method === "HEAD" || length === 0 || status === 204 || status === 304) {
    // Without a length the runtime would invent one of 0, which is not what a GET would get.
    if (exchange.method === "HEAD" && length === undefined && status !== 204 && status !== 304) {
      headers.set("transfer-encoding", "chunked");
    }
    return response;
  }
  const collect =
    length !== undefined && length <= answer.settings.bufferSize && answer.budget.take(length);
  return collect ? collectContent(exchange, answer, length) : passOn(exchange, answer, length);
}

/** What has come along with the header section is taken at once, without a promise or a timer. */
function collectContent(
  exchange: Exchange,
  answer: Answer,
  length: number,
): Response | Promise<Response> {
  const pending = answer.response.bytes();
  const present = Bun.peek(pending);
  if (!(present instanceof Uint8Array)) return collectLater(exchange, answer, length, pending);
  answer.budget.giveBack(length);
  return whole(exchange, answer, length, present);
}

async function collectLater(
  exchange: Exchange,
  answer: Answer,
  length: number,
  pending: Promise<Uint8Array>,
): Promise<Response> {
  const { breakOff, limits } = answer;
  const countdown = limits.content.begin(breakOff);
  let bytes: Uint8Array;
  try {
    bytes = await pending;
  } catch (error) {
    throw brokenOff(breakOff, error);
  } finally {
    limits.content.end(countdown);
    answer.budget.giveBack(length);
  }
  return whole(exchange, answer, length, bytes);
}

function whole(
  exchange: Exchange,
  { response }: Answer,
  length: number,
  bytes: Uint8Array,
): Response {
  if (bytes.length !== length) throw incomplete(length, bytes.length);
  exchange.bytesOut = length;
  const { status, statusText, headers } = response;
  // The runtime gives a buffered body without a type one of its own; a stream's it leaves alone.
  const body = headers.has("content-type") ? bytes : oneChunk(bytes);
  return new Response(body, { status, statusText, headers });
}

function oneChunk(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function passOn(exchange: Exchange, answer: Answer, length: number | undefined): Response {
  const { response, breakOff, settings, clock } = answer;
  if (response.body === null) return response;
  const { promise, resolve: end } = Promise.withResolvers<void>();
  exchange.ended = promise;
  const endBecause = (failure: GatewayError) => {
    exchange.fail(failure.code, failure.message);
    if (errorKinds[failure.code].source === "client") exchange.status = failure.status;
    breakOff.because(failure);
    end();
  };
  const body = countedBody(
    response.body,
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
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
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
