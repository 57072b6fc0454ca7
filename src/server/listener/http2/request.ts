import type { Field } from "../../../http/field.ts";
import { allowedTrailers } from "../../../http/trailers.ts";
import { Cancellation, type Interruptible } from "../../../pipeline/cancellation.ts";
import type {
  ClientConnection,
  ClientRequest,
  RequestRefusal,
} from "../../../pipeline/client-request.ts";
import { GatewayError } from "../../../pipeline/errors.ts";
import { type Flow, IncomingContent } from "../../../pipeline/incoming-content.ts";
import { ErrorCode } from "../../../wire/http2/error-code.ts";
import type { HeaderField } from "../../../wire/http2/header-field.ts";
import { requestHead, trailersOf } from "../../../wire/http2/header-rules.ts";
import type { Stream } from "../../../wire/http2/stream.ts";
import type { StreamFailure, StreamOwner } from "../../../wire/http2/stream-owner.ts";
import { Malformed } from "../../../wire/malformed.ts";

/** What sends the request's answer; gets its stream's events. */
export interface AnswerSender {
  /** Whether the answer will end by itself, and say why it was cancelled. */
  readonly explainsFailure: boolean;
  sent(): void;
  drained(): void;
  over(): void;
}

/** The session that a request came by. */
export interface RequestOwner {
  readonly connection: ClientConnection;
  /** The header section has been read, or is refused. */
  begun(request: Http2Request): void;
}

/** One request of an HTTP/2 connection, on a stream of its own. */
export class Http2Request implements ClientRequest, StreamOwner, Flow, Interruptible {
  method = "";
  target = "";
  readonly protocol = "HTTP/2";
  fields: readonly Field[] = [];
  content: IncomingContent | undefined = undefined;
  refusal: RequestRefusal | undefined = undefined;
  readonly cancellation = new Cancellation(this);
  readonly stream: Stream;
  /** The answer, once it is being sent. */
  sending: AnswerSender | undefined = undefined;
  readonly #owner: RequestOwner;
  #hasHead = false;
  /** Whether the client waits for 100 Continue before it sends the content. */
  #expectsContinue = false;
  #isAbandoned = false;
  #trailers: readonly Field[] | undefined;

  constructor(owner: RequestOwner, stream: Stream) {
    this.#owner = owner;
    this.stream = stream;
  }

  get connection(): ClientConnection {
    return this.#owner.connection;
  }

  interim(status: number, fields: readonly Field[]): void {
    if (this.sending === undefined) this.stream.head([":status", String(status)], fields, false);
  }

  // The stream's events.

  headers(section: readonly HeaderField[], isEnd: boolean): void {
    if (this.#hasHead) {
      this.#readTrailers(section);
      return;
    }
    this.#hasHead = true;
    try {
      this.#readHead(section, isEnd);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#refuse(section, { status: 400, detail: error.message });
    }
    this.#owner.begun(this);
  }

  headersTooLarge(): void {
    if (this.#hasHead) {
      this.stream.reset(ErrorCode.enhanceYourCalm);
      return;
    }
    this.#hasHead = true;
    const detail =
      "the header section is larger than server.max_header_size, or has too many fields";
    this.#refuse([], { status: 431, detail });
    this.#owner.begun(this);
  }

  data(bytes: Buffer): void {
    this.#expectsContinue = false;
    if (this.content === undefined || this.#isAbandoned) this.stream.consumed(bytes.length);
    else this.content.push(bytes);
  }

  ended(): void {
    this.content?.finish(this.#trailers);
  }

  sent(): void {
    this.sending?.sent();
  }

  drained(): void {
    this.sending?.drained();
  }

  over(failure: StreamFailure | undefined): void {
    if (failure !== undefined) {
      const reason = reasonOf(failure);
      // First, so that what fails now has this reason.
      this.cancellation.cancel(reason);
      this.content?.fail(reason);
    }
    this.sending?.over();
  }

  // What the reader of the content asks for.

  // oxlint-disable-next-line class-methods-use-this -- the stream's window stops the client
  pause(): void {}

  // oxlint-disable-next-line class-methods-use-this
  resume(): void {}

  taken(bytes: number): void {
    this.stream.consumed(bytes);
  }

  wanted(): void {
    if (!this.#expectsContinue) return;
    this.#expectsContinue = false;
    this.interim(100, []);
  }

  abandon(): void {
    this.#isAbandoned = true;
  }

  /** The exchange has been cancelled. Without an answer yet, one will say why. */
  interrupt(reason: GatewayError): void {
    if (this.sending === undefined) return;
    if (!this.sending.explainsFailure) this.stream.reset(ErrorCode.internalError);
    this.content?.fail(reason);
  }

  #readHead(section: readonly HeaderField[], isEnd: boolean): void {
    const { method, target, fields, contentLength } = requestHead(section);
    if (isEnd && contentLength !== undefined && contentLength > 0) {
      throw new Malformed("less content than Content-Length says");
    }
    this.method = method;
    this.target = target;
    this.fields = fields;
    if (isEnd) return;
    this.stream.expects = contentLength;
    this.content = new IncomingContent(contentLength, this);
    this.#expectsContinue = fields.some(
      ({ name, value }) => name === "expect" && value.toLowerCase() === "100-continue",
    );
  }

  /** Keeps what is known of a request that is not valid. */
  #refuse(section: readonly HeaderField[], refusal: RequestRefusal): void {
    this.refusal = refusal;
    for (const { name, value } of section) {
      if (name === ":method") this.method = value;
      else if (name === ":path") this.target = value;
    }
  }

  #readTrailers(section: readonly HeaderField[]): void {
    try {
      this.#trailers = allowedTrailers(trailersOf(section));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const failure = new GatewayError("bad_request", error.message);
      this.cancellation.cancel(failure);
      this.content?.fail(failure);
      this.stream.reset(ErrorCode.protocolError);
    }
  }
}

function reasonOf({ by, message }: StreamFailure): GatewayError {
  return by === "invalid"
    ? new GatewayError("bad_request", message)
    : new GatewayError("client_closed", `the client left before the exchange was over: ${message}`);
}
