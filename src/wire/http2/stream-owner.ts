import type { HeaderField } from "./header-field.ts";
import type { Http2Error } from "./error-code.ts";

/**
 * What uses a stream: a request of a server session, an attempt of a client session. After `over`
 * nothing further is called.
 */
export interface StreamOwner {
  /**
   * A whole header section as received, not yet checked: the head, an interim one or, after a final
   * head, the trailers. `isEnd`: nothing follows; `ended` is called next.
   */
  headers(fields: readonly HeaderField[], isEnd: boolean): void;
  /** A header section above the limits of the connection, which has been skipped. */
  headersTooLarge(isEnd: boolean): void;
  /** Content. The peer may send as much again only after `stream.consumed(bytes.length)`. */
  data(bytes: Buffer): void;
  /** The peer has sent everything, and as much content as `stream.expects` says. */
  ended(): void;
  /** Everything has been sent, up to the stream's end. */
  sent(): void;
  /** Less than the mark waits to be sent again, after `stream.isFull`. */
  drained(): void;
  /**
   * The stream is over, called exactly once. `failure` is undefined if both sides have ended, or this
   * side reset it.
   */
  over(failure: StreamFailure | undefined): void;
}

/** Why a stream broke off. */
export interface StreamFailure {
  /** Of RST_STREAM or GOAWAY. */
  readonly code: number;
  /**
   * `peer`: it sent RST_STREAM. `refused`: it has certainly not acted on the stream (GOAWAY with a
   * lower number, or REFUSED_STREAM). `invalid`: it broke the protocol, and the stream was reset.
   * `connection`: the connection is gone.
   */
  readonly by: "peer" | "refused" | "invalid" | "connection";
  readonly message: string;
}

/** What uses a connection. */
export interface ConnectionOwner<Stream> {
  /** The peer, a client, has opened a stream; returns what will use it. Never called for clients. */
  opened(stream: Stream): StreamOwner;
  /** The peer's settings have arrived, the first time or again. */
  settingsChanged(): void;
  /** The peer takes no further streams. Those it has not seen end with `refused`, after this. */
  goingAway(code: number, message: string): void;
  /** The number of streams has become 0, or is no longer 0. */
  idleChanged(isIdle: boolean): void;
  /**
   * The connection has failed or was closed, after all streams have ended: by an error of the peer,
   * GOAWAY for which has been sent, or for another reason. The line is ended by the connection.
   */
  failed(error: Http2Error): void;
}

/** The socket, as a connection uses it. */
export interface ByteLine {
  /** Whether written bytes wait for the socket. */
  readonly isFull: boolean;
  /** Queues what the socket does not take. */
  write(bytes: Uint8Array): unknown;
  end(manner: "close" | "cut"): void;
}
