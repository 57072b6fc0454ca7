import { contentLength, listWith, namedByConnection } from "../http/fields.ts";
import { forwardedElement } from "../http/forwarded.ts";
import { carriesContent } from "../http/methods.ts";
import { Answer } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import { RequestFields } from "../http/request-fields.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { TimeLimit } from "../time/time-limit.ts";
import { countedBody } from "./body.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import type { ForwardSettings } from "./settings.ts";
import type { TimeLimits } from "./time-limits.ts";
import type { RequestContent } from "../transport/attempt.ts";

/** How much of a request's content is read whole, so that it goes out in one piece. */
const READ_WHOLE_UP_TO = 64 * 1024;

/**
 * The fields of a request for the backend: those for one hop have gone, identity that the client had
 * no right to claim goes, and what the gateway knows is added. The additions come last, so that a
 * Connection field cannot name them away.
 */
export function backendFields(exchange: Exchange, settings: ForwardSettings): string[] {
  const { client, requestId } = exchange;
  const { host } = exchange.fields;
  const trusted = client.viaTrustedProxy;
  const kept = withoutNominated(exchange);
  const claimed = trusted ? kept : NOTHING;
  // An array literal with all that is always there: pushing each by itself costs twice as much.
  const fields = [
    "x-forwarded-for",
    listWith(claimed.xForwardedFor, client.peer),
    "x-forwarded-proto",
    claimed.xForwardedProto ?? client.protocol,
    "x-real-ip",
    client.address,
    "x-request-id",
    requestId,
    "via",
    listWith(kept.via, VIA),
  ];
  if (kept.userAgent !== null) fields.push("user-agent", kept.userAgent);
  if (host !== null) {
    if (settings.preserveHost) fields.push("host", host);
    fields.push("x-forwarded-host", claimed.xForwardedHost ?? host);
  } else if (claimed.xForwardedHost !== null) {
    fields.push("x-forwarded-host", claimed.xForwardedHost);
  }
  if (claimed.xForwardedPort !== null) fields.push("x-forwarded-port", claimed.xForwardedPort);
  if (settings.sendForwarded) {
    fields.push("forwarded", listWith(claimed.forwarded, forwardedElement(client, host)));
  } else if (claimed.forwarded !== null) fields.push("forwarded", claimed.forwarded);
  if (kept.maxForwards !== null) fields.push("max-forwards", kept.maxForwards);
  const { contentLength: length } = exchange.fields;
  if (length !== null && carriesContent(exchange.method)) fields.push("content-length", length);
  for (const other of kept.others) fields.push(other);
  return fields;
}

/** What is left of a request's fields when those have gone that its Connection field names. */
function withoutNominated({ fields, request }: Exchange): RequestFields {
  const nominated = namedByConnection(fields.connection);
  if (nominated.length === 0) return fields;
  const headers = new Headers(request.headers);
  for (const name of nominated) headers.delete(name);
  const kept = new RequestFields(headers);
  if (kept.maxForwards !== null) kept.maxForwards = fields.maxForwards;
  return kept;
}

/** What a client that is no trusted proxy has a right to say of others. */
const NOTHING = new RequestFields(new Headers());

/** How the gateway names itself in Via (RFC 9110 section 7.6.3). */
export const VIA = "1.1 gateway";

/**
 * Counts Max-Forwards of an OPTIONS request down (RFC 9110 section 7.6.2). The answer, when the
 * request may go no further; undefined when it may.
 */
export function answerLastHop({ method, fields }: Exchange): Answer | undefined {
  const left = fields.maxForwards;
  if (method !== "OPTIONS" || left === null || !/^[0-9]{1,9}$/.test(left)) return undefined;
  if (Number(left) === 0) return new Answer(null, { status: 204 });
  fields.maxForwards = String(Number(left) - 1);
  return undefined;
}

/** Refuses a request whose content the runtime would drop without a word. */
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
  limits: TimeLimits,
  cancellation: Cancellation,
  clock: Clock,
): Content | Promise<Content> {
  const { fields, request } = exchange;
  if (!carriesContent(exchange.method)) return NONE;
  const length = contentLength(fields.contentLength);
  if (length === undefined && fields.transferEncoding === null) return NONE;
  if (length === 0) return EMPTY;
  const { maxBodySize } = settings;
  if (length !== undefined && length > maxBodySize) throw tooLarge(maxBodySize);
  if (length !== undefined && length <= READ_WHOLE_UP_TO) {
    return readWhole(exchange, limits.request, cancellation);
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
        // A backend that has begun to answer may leave the rest of the content alone.
        if (exchange.headersAt !== 0) return;
        cancellation.cancel(waitingFor === "source" ? tooSlow(settings) : notTaken(settings));
      },
    },
    { idleTimeout: settings.timeouts.request, signal: cancellation.signal, clock },
  );
  return { body, sent };
}

/** Content for a backend. `sent` settles at its end where it is a stream. */
interface Content {
  readonly body: RequestContent;
  readonly sent: Promise<void> | undefined;
}

const NONE: Content = { body: null, sent: undefined };
// Where there is no content but a Content-Length of 0, that is passed on.
const EMPTY: Content = { body: new Uint8Array(0), sent: undefined };

function readWhole(
  exchange: Exchange,
  timeLimit: TimeLimit<Cancellation>,
  cancellation: Cancellation,
): Promise<Content> {
  const countdown = timeLimit.begin(cancellation);
  return new Promise((resolve, reject) => {
    cancellation.interrupts({ interrupt: reject });
    exchange.request.bytes().then(
      (body) => {
        timeLimit.end(countdown);
        exchange.bytesIn = body.length;
        resolve({ body, sent: undefined });
      },
      (cause: unknown) => {
        timeLimit.end(countdown);
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
  return new GatewayError("body_too_large", `the request's content is over ${limit} bytes`);
}

function tooSlow({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "request_timeout",
    `nothing of the request's content came for ${timeouts.request} ms`,
  );
}

function notTaken({ timeouts }: ForwardSettings): GatewayError {
  return new GatewayError(
    "backend_stalled",
    `the backend took nothing of the request's content for ${timeouts.request} ms`,
  );
}
