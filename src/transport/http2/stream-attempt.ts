import type { Field } from "../../http/field.ts";
import { FieldList } from "../../http/field-list.ts";
import { removedFields } from "../../http/fields.ts";
import { allowedTrailers } from "../../http/trailers.ts";
import type { ContentReader } from "../../pipeline/content.ts";
import type { GatewayError } from "../../pipeline/errors.ts";
import { type Flow, IncomingContent } from "../../pipeline/incoming-content.ts";
import type { Http2Connection } from "../../wire/http2/connection.ts";
import { ErrorCode } from "../../wire/http2/error-code.ts";
import type { HeaderField } from "../../wire/http2/header-field.ts";
import { type AnswerHead, answerHead, trailersOf } from "../../wire/http2/header-rules.ts";
import type { StreamFailure, StreamOwner } from "../../wire/http2/stream-owner.ts";
import type { Stream } from "../../wire/http2/stream.ts";
import { Malformed } from "../../wire/malformed.ts";
import { notValidHttp, type Reached } from "../attempt-error.ts";
import type { Attempt, Carrier } from "../attempt.ts";
import { type BackendAnswer, MOST_INTERIM } from "../backend-answer.ts";
import { requestSection } from "./request.ts";
import { brokenOff, neverAnswered } from "./stream-failures.ts";

/** The session that a stream belongs to. */
export interface StreamSession {
  /** The header section of the answer has arrived. */
  answeredSoon(attempt: Attempt, answer: BackendAnswer): void;
  /** The stream is over, so another one may be opened. */
  streamOver(): void;
  /** Sends an attempt once more, on another session. False if that has been done before. */
  again(attempt: Attempt): boolean;
  /** What a request has reached whose stream the connection's end broke off. */
  reachedBeforeEnd(): Reached;
}

/** One attempt's request and its answer, on a stream of a session. */
export class StreamAttempt implements StreamOwner, Carrier, Flow {
  readonly #attempt: Attempt;
  readonly #session: StreamSession;
  #stream: Stream | undefined;
  #content: IncomingContent | undefined;
  #trailers: readonly Field[] | undefined;
  #hasHead = false;
  #hasEnded = false;
  #interim = 0;
  /** Request content that is still being read. */
  #upload: ContentReader | undefined;
  #onDrained: (() => void) | undefined;
  #isOver = false;

  constructor(attempt: Attempt, session: StreamSession) {
    this.#attempt = attempt;
    this.#session = session;
  }

  /** Sends the request on a stream of its own. The connection must have room for one. */
  begin(connection: Http2Connection): void {
    const attempt = this.#attempt;
    const { request } = attempt;
    const { body } = request;
    const isEmpty = body === null || (body instanceof Uint8Array && body.length === 0);
    let section: readonly string[];
    try {
      section = requestSection(request);
    } catch (error) {
      attempt.fail(error as Error);
      return;
    }
    attempt.carrier = this;
    attempt.reached = "maybe";
    const stream = connection.open(this, section, NO_FIELDS, isEmpty);
    this.#stream = stream;
    if (isEmpty || body === null) return;
    if (body instanceof Uint8Array) stream.send(body, true);
    else void this.#sendStream(stream, body);
  }

  drop(attempt: Attempt, reason: GatewayError): void {
    if (attempt !== this.#attempt || this.#isOver) return;
    this.#content?.fail(reason);
    this.#stream?.reset(ErrorCode.cancel);
  }

  // The backend's side.

  headers(section: readonly HeaderField[], isEnd: boolean): void {
    try {
      if (this.#hasHead) {
        if (!isEnd) throw new Malformed("a second header section");
        this.#trailers = allowedTrailers(trailersOf(section));
      } else this.#take(answerHead(section), isEnd);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#refuse(error.message);
    }
  }

  headersTooLarge(): void {
    this.#refuse("its header section is too large");
  }

  data(bytes: Buffer): void {
    const content = this.#content;
    if (content === undefined) {
      this.#refuse("content where there can be none");
      return;
    }
    content.push(bytes);
  }

  ended(): void {
    if (!this.#hasHead) {
      this.#refuse("it ended without a final answer");
      return;
    }
    this.#hasEnded = true;
    this.#content?.finish(this.#trailers);
    // Nobody waits for the effect of the rest (RFC 9113 section 8.1).
    if (this.#stream?.localEnded === false) this.#stream.reset(ErrorCode.noError);
  }

  // oxlint-disable-next-line class-methods-use-this
  sent(): void {}

  drained(): void {
    const tell = this.#onDrained;
    this.#onDrained = undefined;
    tell?.();
  }

  over(failure: StreamFailure | undefined): void {
    this.#isOver = true;
    this.drained();
    const upload = this.#upload;
    this.#upload = undefined;
    const isLeft = failure !== undefined && !this.#hasEnded && this.#broken(failure);
    if (!isLeft) void upload?.cancel(undefined).catch(() => {});
    this.#session.streamOver();
  }

  // The reader's side.

  // oxlint-disable-next-line class-methods-use-this -- the stream's window stops the backend
  pause(): void {}

  // oxlint-disable-next-line class-methods-use-this
  resume(): void {}

  taken(bytes: number): void {
    this.#stream?.consumed(bytes);
  }

  abandon(): void {
    this.#stream?.reset(ErrorCode.cancel);
  }

  #take(head: AnswerHead, isEnd: boolean): void {
    const { status } = head;
    if (status < 200) {
      if (isEnd) throw new Malformed("an interim answer that ends the stream");
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) throw new Malformed("too many 1xx answers");
      this.#attempt.interim(status, endToEnd(head.fields));
      return;
    }
    this.#hasHead = true;
    if (this.#stream !== undefined) this.#stream.hasHead = true;
    const isWithoutContent =
      this.#attempt.request.method === "HEAD" || status === 204 || status === 304;
    if (!isWithoutContent) {
      if (this.#stream !== undefined) this.#stream.expects = head.contentLength;
      if (!isEnd) this.#content = new IncomingContent(head.contentLength, this);
    }
    this.#session.answeredSoon(this.#attempt, {
      status,
      statusText: "",
      fields: new FieldList(endToEnd(head.fields)),
      content: this.#content,
      channel: undefined,
      upgrade: null,
    });
  }

  async #sendStream(stream: Stream, body: ContentReader): Promise<void> {
    this.#upload = body;
    this.#attempt.isStreamTouched = true;
    try {
      for (;;) {
        const reading = body.read();
        const { value } = reading instanceof Promise ? await reading : reading;
        if (this.#isOver) return;
        if (value === undefined) break;
        stream.send(value);
        if (stream.isFull) await this.#untilDrained();
        if (this.#isOver) return;
      }
    } catch (error) {
      this.#upload = undefined;
      if (this.#isOver) return;
      this.#attempt.fail(error as Error);
      this.#content?.fail(error as Error);
      stream.reset(ErrorCode.cancel);
      return;
    }
    this.#upload = undefined;
    stream.end(body.trailers === undefined ? undefined : endToEnd(body.trailers));
  }

  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** The backend has broken the rules: its answer counts for nothing. */
  #refuse(problem: string): void {
    const error = notValidHttp(problem);
    this.#attempt.fail(error);
    this.#content?.fail(error);
    this.#stream?.reset(ErrorCode.protocolError);
  }

  /** Returns whether the request's content is left for another sending. */
  #broken(failure: StreamFailure): boolean {
    if (this.#hasHead) {
      this.#content?.fail(brokenOff(failure));
      return false;
    }
    const attempt = this.#attempt;
    if (failure.by === "refused") attempt.reached = "nothing";
    else if (failure.by === "connection") attempt.reached = this.#session.reachedBeforeEnd();
    const isUnsent = attempt.reached === "nothing" || attempt.reached === "reused";
    const isLeft = isUnsent && attempt.rewind();
    if (isLeft && attempt.isRepeatable && this.#session.again(attempt)) return true;
    attempt.fail(neverAnswered(failure, attempt.reached));
    return isLeft;
  }
}

const NO_FIELDS: readonly Field[] = [];

/** A list of its own, without the fields that are for one hop. */
function endToEnd(fields: readonly Field[]): Field[] {
  return fields.filter(({ name }) => !removedFields.has(name));
}
