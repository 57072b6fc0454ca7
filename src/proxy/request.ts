import { contentLength } from "../http/fields.ts";
import { carriesContent } from "../http/methods.ts";
import { Answer } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { forwardsLeft } from "../pipeline/outgoing.ts";
import type { Timeout } from "../time/timeout.ts";
import { countedBody } from "../pipeline/content.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import type { ForwardSettings } from "./settings.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";
import type { RequestContent } from "../transport/attempt.ts";

/** Content up to this many bytes is read whole, and sent in one piece. */
const READ_WHOLE_UP_TO = 64 * 1024;

/**
 * The answer to an OPTIONS request that must not be forwarded (RFC 9110 section 7.6.2); undefined if it
 * may be.
 */
export function answerLastHop(exchange: Exchange): Answer | undefined {
  return forwardsLeft(exchange) === 0 ? new Answer(null, { status: 204 }) : undefined;
}

/** Refuses a request whose content the runtime would drop silently. */
export function refuseDiscardedContent(exchange: Exchange): void {
  if (carriesContent(exchange.method)) return;
  const { fields } = exchange;
  const length = fields.contentLength;
  if ((length !== null && length !== "0") || fields.transferEncoding !== null) {
    throw new GatewayError(
      "bad_request",
      `a ${exchange.method} request with content is not forwarded; send it as POST, or as QUERY`,
    );
  }
}

/** The content to send: none, the bytes of a small body, or a stream that counts what passes. */
export function requestContent(
  exchange: Exchange,
  settings: ForwardSettings,
  timeouts: RouteTimeouts,
  clock: Clock,
): Content | Promise<Content> {
  const { cancellation, fields, request } = exchange;
  if (!carriesContent(exchange.method)) return NONE;
  const length = contentLength(fields.contentLength);
  if (length === undefined && fields.transferEncoding === null) return NONE;
  if (length === 0) return EMPTY;
  const { maxBodySize } = settings;
  if (length !== undefined && length > maxBodySize) throw tooLarge(maxBodySize);
  if (length !== undefined && length <= READ_WHOLE_UP_TO) {
    return readWhole(exchange, timeouts.request);
  }
  if (request.body === null) return NONE;
  cancellation.listenToClient();
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const fail = (error: GatewayError): never => {
    cancellation.cancel(error);
    throw error;
  };
  const body = countedBody(
    request.body.getReader(),
    {
      onEnd: resolve,
      onChunk(bytes) {
        exchange.bytesIn += bytes;
        if (exchange.bytesIn > maxBodySize) fail(tooLarge(maxBodySize));
      },
      onIdle(waitingFor) {
        // A backend that has begun to answer need not read the rest of the content.
        if (exchange.headersAt !== 0) return;
        cancellation.cancel(waitingFor === "source" ? tooSlow(settings) : notTaken(settings));
      },
    },
    { idleTimeout: settings.timeouts.request, signal: cancellation.signal, clock },
  );
  return { body, sent };
}

/** Content for a backend. `sent` settles at the end of a stream. */
export interface Content {
  readonly body: RequestContent;
  readonly sent: Promise<void> | undefined;
}

const NONE: Content = { body: null, sent: undefined };
// A Content-Length of 0 is passed on.
const EMPTY: Content = { body: new Uint8Array(0), sent: undefined };

function readWhole(exchange: Exchange, timeout: Timeout<Cancellation>): Promise<Content> {
  const { cancellation } = exchange;
  const pendingTimeout = timeout.begin(cancellation);
  return new Promise((resolve, reject) => {
    cancellation.interrupts({ interrupt: reject });
    exchange.request.bytes().then(
      (body) => {
        timeout.end(pendingTimeout);
        exchange.bytesIn = body.length;
        resolve({ body, sent: undefined });
      },
      (cause: unknown) => {
        timeout.end(pendingTimeout);
        reject(leftUnread(cause));
      },
    );
  });
}

function leftUnread(cause: unknown): GatewayError {
  const detail = "the client left before its content had arrived";
  return new GatewayError("client_closed", detail, { cause });
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("body_too_large", `the request's content is larger than ${limit} bytes`);
}

function tooSlow({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "request_timeout",
    `no request content arrived for ${timeouts.request} ms`,
  );
}

function notTaken({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "backend_stalled",
    `the backend accepted no request content for ${timeouts.request} ms`,
  );
}
