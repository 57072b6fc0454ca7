import { Answer, isReader } from "../pipeline/answer.ts";
import type { Clock } from "../time/clock.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { forwardsLeft } from "../pipeline/outgoing-fields.ts";
import type { Field } from "../http/field.ts";
import { namedByConnection } from "../http/fields.ts";
import { isTraceField } from "../http/trace-context.ts";
import type { Timeout } from "../time/timeout.ts";
import { type ContentReader, WatchedContent } from "../pipeline/content.ts";
import type { ContentEdit } from "../pipeline/content-edit.ts";
import { gather } from "../pipeline/gather.ts";
import type { IncomingContent } from "../pipeline/incoming-content.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import type { ForwardSettings } from "./settings.ts";
import { Repeatable } from "./repeatable.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";
import type { RequestContent } from "../transport/attempt.ts";

/**
 * Content up to this many bytes is read whole and sent in one piece or, if its length is unknown, kept
 * until there is an answer.
 */
const READ_WHOLE_UP_TO = 64 * 1024;

/**
 * The answer to an OPTIONS request that must not be forwarded (RFC 9110 section 7.6.2); undefined if it
 * may be.
 */
export function answerLastHop(exchange: Exchange): Answer | undefined {
  return forwardsLeft(exchange) === 0 ? new Answer(null, { status: 204 }) : undefined;
}

/** The content to send: none, the bytes of a small body, or a reader that counts what passes. */
export function requestContent(
  exchange: Exchange,
  settings: ForwardSettings,
  timeouts: RouteTimeouts,
  clock: Clock,
): Content | Promise<Content> {
  const { content } = exchange.request;
  if (content === undefined) return NONE;
  const { length } = content;
  const { maxBodySize } = settings;
  if (length !== undefined && length > maxBodySize) throw tooLarge(maxBodySize);
  const { contentEdit } = exchange.outgoing;
  if (length !== undefined && length <= READ_WHOLE_UP_TO) {
    const present = content.takeWhole();
    if (present === undefined) return readWhole(exchange, content, length, timeouts.request);
    exchange.bytesIn = present.length;
    return inOnePiece(edited(exchange, present));
  }
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const upload = uploadOf(exchange, content, { onEnd: resolve, settings, clock });
  const keepsAtMost = Math.max(READ_WHOLE_UP_TO, settings.retry?.maxBody ?? 0);
  if (contentEdit === undefined) return inPieces(upload, sent, keepsAtMost);
  if (length === undefined || length <= contentEdit.largest) {
    return readToEdit(exchange, content, contentEdit, { upload, sent, keepsAtMost });
  }
  contentEdit.tooLarge();
  return inPieces(upload, sent, keepsAtMost);
}

function uploadOf(
  exchange: Exchange,
  content: IncomingContent,
  {
    onEnd,
    settings,
    clock,
  }: {
    readonly onEnd: () => void;
    readonly settings: ForwardSettings;
    readonly clock: Clock;
  },
): Upload {
  const { cancellation } = exchange;
  const { maxBodySize } = settings;
  return new Upload(
    exchange,
    content,
    {
      onEnd,
      onPiece(bytes) {
        exchange.bytesIn += bytes;
        if (exchange.bytesIn <= maxBodySize) return;
        const error = tooLarge(maxBodySize);
        cancellation.cancel(error);
        throw error;
      },
      onIdle(waitingFor) {
        // A backend that has begun to answer need not read the rest of the content.
        if (exchange.headersAt !== 0) return;
        cancellation.cancel(waitingFor === "source" ? tooSlow(settings) : notTaken(settings));
      },
    },
    { idleTimeout: settings.timeouts.request, clock },
  );
}

function inOnePiece(body: Uint8Array): Content {
  return { body, sent: undefined, repeatable: undefined };
}

/** What is longer than `keepsAtMost` would not be kept anyway. */
function inPieces(body: ContentReader, sent: Promise<void>, keepsAtMost: number): Content {
  const { length } = body;
  const isShort = length === undefined || length <= keepsAtMost;
  return { body, sent, repeatable: isShort ? new Repeatable(body, keepsAtMost) : undefined };
}

/** What becomes of content that is there. */
function edited({ outgoing }: Exchange, content: Uint8Array): Uint8Array {
  const { contentEdit } = outgoing;
  if (contentEdit === undefined) return content;
  if (content.length > contentEdit.largest) {
    contentEdit.tooLarge();
    return content;
  }
  const replacement = contentEdit.edit(content);
  if (replacement === undefined) return content;
  outgoing.contentReplaced(replacement.length);
  return replacement;
}

/** Reads content that is not small as far as it can be changed; it stays a stream unless it is. */
async function readToEdit(
  exchange: Exchange,
  source: IncomingContent,
  edit: ContentEdit,
  {
    upload,
    sent,
    keepsAtMost,
  }: {
    readonly upload: Upload;
    readonly sent: Promise<void>;
    readonly keepsAtMost: number;
  },
): Promise<Content> {
  exchange.cancellation.interrupts({ interrupt: (reason) => source.fail(reason) });
  const { whole, content } = await gather(upload, edit.largest);
  if (whole === undefined) edit.tooLarge();
  else {
    const body = edited(exchange, whole);
    if (body !== whole) return inOnePiece(body);
  }
  return inPieces(content, sent, keepsAtMost);
}

/** Content on its way to a backend. */
class Upload extends WatchedContent {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, ...watched: ConstructorParameters<typeof WatchedContent>) {
    super(...watched);
    this.#exchange = exchange;
  }

  /** Without those that the client may not send to the backend, as among the fields before the content. */
  override get trailers(): readonly Field[] | undefined {
    const { fields, trace } = this.#exchange;
    const nominated = namedByConnection(fields.connection);
    return super.trailers?.filter(
      ({ name }) =>
        fields.rules.kindOf(name) === "plain" &&
        !nominated.includes(name) &&
        (trace === undefined || !isTraceField(name)),
    );
  }
}

/** Content for a backend. */
export interface Content {
  readonly body: RequestContent;
  /** Settles at the end of a stream. */
  readonly sent: Promise<void> | undefined;
  /** A stream that may be sent again; attempts read this and not `body`. */
  readonly repeatable: Repeatable | undefined;
}

/** No content. */
export const NONE: Content = { body: null, sent: undefined, repeatable: undefined };

/** Whether content that a backend may have had is all there, and has at most so many bytes. */
export function isReplayable({ body, repeatable }: Content, maxBytes: number): boolean {
  if (body === null) return true;
  if (body instanceof Uint8Array) return body.length <= maxBytes;
  return repeatable?.isKeptWithin(maxBytes) === true;
}

/** Cancels content that was not sent, or not all of it. */
export function letGoOf({ body, repeatable }: Content, reason: unknown): void {
  if (repeatable !== undefined) void repeatable.cancel(reason);
  else if (isReader(body)) void body.cancel(reason);
}

async function readWhole(
  exchange: Exchange,
  content: IncomingContent,
  length: number,
  timeout: Timeout<Cancellation>,
): Promise<Content> {
  const { cancellation } = exchange;
  const pendingTimeout = timeout.begin(cancellation);
  // A cancellation, by the client's leaving too, ends the waiting.
  cancellation.interrupts({ interrupt: (reason) => content.fail(reason) });
  try {
    const body = await content.whole(length);
    exchange.bytesIn = body.length;
    return inOnePiece(edited(exchange, body));
  } finally {
    timeout.end(pendingTimeout);
  }
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
