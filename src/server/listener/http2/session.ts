import type { ClientConnection } from "../../../pipeline/client-request.ts";
import type { Delivery } from "../../../pipeline/delivery.ts";
import type { GatewayError } from "../../../pipeline/errors.ts";
import type { Line } from "../../../transport/line.ts";
import { Http2Connection } from "../../../wire/http2/connection.ts";
import { ErrorCode, Http2Error, nameOfErrorCode } from "../../../wire/http2/error-code.ts";
import type { Stream } from "../../../wire/http2/stream.ts";
import type { ByteLine, ConnectionOwner, StreamOwner } from "../../../wire/http2/stream-owner.ts";
import { clientLeft } from "../failures.ts";
import { Lingering } from "../lingering.ts";
import type { Expiring, SessionServices } from "../services.ts";
import type { Session } from "../session.ts";
import { Waiting } from "../waiting.ts";
import { Http2Request, type RequestOwner } from "./request.ts";
import { Sending } from "./sending.ts";
import { type Http2Services, MAX_STREAMS, ownLimits } from "./services.ts";

/**
 * Exchanges under way, of open streams and of others: a client that resets its streams must not have more work
 * done than one that waits.
 */
const MOST_UNDER_WAY = 2 * MAX_STREAMS;

/** HTTP/2 (RFC 9113) on one client's connection. */
export class Http2Session
  implements Session, ByteLine, ConnectionOwner<Stream>, RequestOwner, Expiring
{
  readonly connection: ClientConnection;
  readonly #line: Line;
  readonly #services: SessionServices;
  readonly #http2: Http2Connection;
  /** Whose answers have not ended. */
  readonly #underWay = new Set<Http2Request>();
  /** For a request, and at the end for the client to read the last frames. */
  readonly #idle = new Waiting<Expiring>(this);
  /** For the end of a header section. */
  readonly #header = new Waiting<Expiring>(this);
  /** Whether nothing further is read: the client has closed its sending side. */
  #isHalfClosed = false;
  /** After the last frame. */
  #lingering: Lingering | undefined;
  #isClosed = false;

  constructor(
    line: Line,
    connection: ClientConnection,
    services: SessionServices,
    { buffers, flushes }: Http2Services,
  ) {
    this.#line = line;
    this.connection = connection;
    this.#services = services;
    this.#http2 = new Http2Connection("server", this, this, {
      clock: services.clock,
      buffers,
      flushSoon: (connection) => flushes.add(connection),
      limits: ownLimits(services.limits.maxHeaderSize),
    });
    this.#http2.start();
    this.idleChanged(true);
  }

  get client(): string {
    return this.connection.peer;
  }

  /** Open streams. */
  get streams(): number {
    return this.#http2.streamCount;
  }

  get isIdle(): boolean {
    return this.#http2.streamCount === 0 && !this.#http2.awaitsHeaders;
  }

  received(bytes: Buffer): void {
    if (this.#lingering !== undefined) {
      this.#lingering.received(bytes);
      return;
    }
    this.#http2.received(bytes);
    this.#watchHeaders();
  }

  drained(): void {
    this.#line.drained();
    if (!this.#line.isFull) this.#http2.drained();
  }

  ended(): void {
    this.#isHalfClosed = true;
    // It can open no window and acknowledge nothing any more: it has left.
    if (this.#lingering !== undefined) this.#line.end("close");
    else this.#http2.fail(new Http2Error(ErrorCode.noError, LEFT));
  }

  closed(cause: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lingering?.closed();
    this.#http2.closed(cause?.message ?? LEFT);
    this.#idle.end();
    this.#line.end("cut");
    this.#services.gone(this);
  }

  drain(): void {
    this.#http2.drain();
  }

  cut(reason: GatewayError): void {
    this.#http2.drain(true);
    for (const request of this.#underWay) request.cancellation.cancel(reason);
  }

  destroy(): void {
    if (this.#http2.streamCount > 0 || this.#line.isFull) {
      this.#line.end("cut");
      return;
    }
    // The last answer may still be waiting for the end of the turn.
    this.#isHalfClosed = true;
    this.#http2.fail(new Http2Error(ErrorCode.noError, "closing"));
  }

  /** A connection without a stream, a header section, or the reading of the last frames took too long. */
  timeIsUp(): void {
    if (this.#http2.isOver) {
      this.#line.end("cut");
      return;
    }
    if (this.#header.isUp) {
      const message = "the header section did not arrive in time";
      this.#http2.fail(new Http2Error(ErrorCode.enhanceYourCalm, message));
    } else this.#http2.drain();
  }

  // The line, as the connection uses it.

  get isFull(): boolean {
    return this.#line.isFull;
  }

  write(bytes: Uint8Array): void {
    this.#line.write(bytes);
  }

  end(): void {
    if (this.#isHalfClosed) {
      this.#line.end("close");
      return;
    }
    this.#lingering = new Lingering(this.#line, this.#services.clock);
  }

  // The connection's events.

  opened(stream: Stream): StreamOwner {
    return new Http2Request(this, stream);
  }

  begun(request: Http2Request): void {
    if (this.#underWay.size >= MOST_UNDER_WAY) {
      this.#http2.refuse(request.stream);
      return;
    }
    this.#underWay.add(request);
    const pending = this.#services.handle(request);
    if (pending instanceof Promise) {
      pending.then(
        (delivery) => this.#answer(request, delivery),
        (error) => this.#failed(request, error),
      );
    } else this.#answer(request, pending);
  }

  // oxlint-disable-next-line class-methods-use-this
  settingsChanged(): void {}

  // oxlint-disable-next-line class-methods-use-this -- it closes after its last stream
  goingAway(): void {}

  idleChanged(isIdle: boolean): void {
    if (isIdle) this.#idle.begin(this.#services.limits.keepAlive);
    else this.#idle.end();
  }

  failed(error: Http2Error): void {
    this.#header.end();
    // For a client that does not read what is still to be written.
    this.#idle.begin(this.#services.limits.stalled);
    if (error.code === ErrorCode.noError) return;
    this.#services.onMisuse?.(this.connection, `${nameOfErrorCode(error.code)}: ${error.message}`);
  }

  #watchHeaders(): void {
    const isAwaited = this.#http2.awaitsHeaders && !this.#http2.isOver;
    if (!isAwaited) this.#header.end();
    else if (!this.#header.isBegun) this.#header.begin(this.#services.limits.header);
  }

  #answer(request: Http2Request, delivery: Delivery): void {
    if (request.stream.isClosed) {
      delivery.answer.discard(undefined);
      delivery.ended(request.cancellation.reason ?? clientLeft());
      this.#underWay.delete(request);
      return;
    }
    const sending = new Sending(request, delivery, this.#services, this.#ended);
    request.sending = sending;
    sending.begin();
  }

  /** A property, so that no closure is made per request. */
  readonly #ended = (request: Http2Request): void => {
    this.#underWay.delete(request);
  };

  /** Neither the gateway nor the app fails; if one does, no answer can be given. */
  #failed(request: Http2Request, error: unknown): void {
    this.#services.onError(error);
    this.#underWay.delete(request);
    request.stream.reset(ErrorCode.internalError);
  }
}

const LEFT = "the client has closed the connection";
