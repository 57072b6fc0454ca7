import type { Field } from "../../../http/field.ts";
import { isReader } from "../../../pipeline/answer.ts";
import type { ContentReader } from "../../../pipeline/content.ts";
import type { Delivery } from "../../../pipeline/delivery.ts";
import { GatewayError } from "../../../pipeline/errors.ts";
import { ErrorCode } from "../../../wire/http2/error-code.ts";
import { asGatewayError, clientLeft } from "../failures.ts";
import type { Expiring, SessionServices } from "../services.ts";
import { Waiting } from "../waiting.ts";
import { answerFields } from "./answer-fields.ts";
import type { AnswerSender, Http2Request } from "./request.ts";

/**
 * How long a client that still sends has to read its answer before the stream is reset, in
 * milliseconds: curl 7.88, for one, forgets an answer that arrives together with the reset.
 */
const READING_MS = 100;

/** An answer on its way to an HTTP/2 client. */
export class Sending implements AnswerSender, Expiring {
  readonly #request: Http2Request;
  readonly #delivery: Delivery;
  readonly #services: SessionServices;
  /** Called once, when the delivery has ended. */
  readonly #onEnd: (request: Http2Request) => void;
  #body: ContentReader | undefined;
  /** Content that was given to the stream, and what of it the delivery knows of, in bytes. */
  #given = 0;
  #reported = 0;
  #isOver = false;
  #onDrained: (() => void) | undefined;
  #stall: Waiting<Expiring> | undefined;
  #queuedBefore = 0;

  constructor(
    request: Http2Request,
    delivery: Delivery,
    services: SessionServices,
    onEnd: (request: Http2Request) => void,
  ) {
    this.#request = request;
    this.#delivery = delivery;
    this.#services = services;
    this.#onEnd = onEnd;
  }

  get explainsFailure(): boolean {
    // A client that does not read would not learn it either.
    return this.#body?.explainsFailure === true && !this.#request.stream.isFull;
  }

  /** Sends it, as far as it is there. */
  begin(): void {
    const { answer } = this.#delivery;
    const { status, body } = answer;
    if (this.#request.method === "HEAD" || status === 204 || status === 304) {
      answer.discard(undefined);
      this.#head("none", true);
      return;
    }
    if (isReader(body)) {
      this.#body = body;
      this.#head(body.length, false);
      void this.#pass(body);
      return;
    }
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const length = bytes?.length ?? 0;
    this.#head(length, length === 0);
    if (bytes === null || length === 0) return;
    this.#given = length;
    const { stream } = this.#request;
    stream.send(bytes, true);
    if (!stream.localEnded && !stream.isClosed) this.#watch();
  }

  /** All of it has been handed to the connection. */
  sent(): void {
    if (this.#isOver) return;
    this.#end(undefined);
    const { content, stream, refusal } = this.#request;
    void content?.cancel(undefined);
    // The answer is whole; the rest of the request is not wanted (RFC 9113 section 8.1).
    if (refusal?.status === 400) stream.reset(ErrorCode.protocolError);
    else if (!stream.remoteEnded) {
      this.#services.clock.schedule(READING_MS, () => stream.reset(ErrorCode.noError));
    }
  }

  drained(): void {
    const tell = this.#onDrained;
    this.#onDrained = undefined;
    tell?.();
  }

  /** The stream is over. */
  over(): void {
    if (this.#isOver) return;
    const failure = this.#request.cancellation.reason ?? clientLeft();
    this.#end(failure);
    void this.#body?.cancel(failure);
    this.drained();
  }

  /** The client has not let anything through for long. */
  timeIsUp(): void {
    const { queued } = this.#request.stream;
    if (queued < this.#queuedBefore) {
      this.#watch();
      return;
    }
    const detail = "the client does not read the answer";
    const { cancellation, stream } = this.#request;
    if (cancellation.reason === undefined) {
      cancellation.cancel(new GatewayError("client_stalled", detail));
    } else stream.reset(ErrorCode.internalError);
  }

  #head(length: number | undefined | "none", isEnd: boolean): void {
    const { answer } = this.#delivery;
    const date: Field = this.#services.dateLine.field;
    const status = STATUSES[answer.status] ?? [":status", String(answer.status)];
    this.#request.stream.head(status, answerFields(answer, length, date), isEnd);
  }

  async #pass(body: ContentReader): Promise<void> {
    const { stream } = this.#request;
    try {
      for (;;) {
        let result = body.read();
        if (result instanceof Promise) result = await result;
        if (this.#isOver) return;
        const { value } = result;
        if (value === undefined) break;
        this.#given += value.length;
        stream.send(value);
        this.#report();
        if (stream.isFull) {
          await new Promise<void>((resolve) => {
            this.#onDrained = resolve;
          });
        }
      }
      stream.end(body.trailers);
      if (!stream.localEnded && !stream.isClosed) this.#watch();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The content broke off at its source. */
  #fail(error: unknown): void {
    if (this.#isOver) return;
    const failure = asGatewayError(error);
    this.#end(failure);
    void this.#body?.cancel(failure);
    this.#request.stream.reset(ErrorCode.internalError);
  }

  /** Everything waits for the client: not for longer than a connection may be idle. */
  #watch(): void {
    this.#queuedBefore = this.#request.stream.queued;
    this.#stall ??= new Waiting<Expiring>(this);
    this.#stall.begin(this.#services.limits.stalled);
  }

  #report(): void {
    const handed = this.#given - this.#request.stream.queued;
    if (handed > this.#reported) this.#delivery.sent(handed - this.#reported);
    this.#reported = handed;
  }

  #end(failure: GatewayError | undefined): void {
    this.#isOver = true;
    this.#stall?.end();
    this.#report();
    this.#delivery.ended(failure);
    this.#onEnd(this.#request);
  }
}

/** The pseudo-fields of answers. */
const STATUSES = Array.from({ length: 600 }, (_, status) => [":status", String(status)]);
