import type { ClientRequest } from "../../pipeline/client-request.ts";
import type { Delivery } from "../../pipeline/delivery.ts";
import type { GatewayError } from "../../pipeline/errors.ts";

/** Answers a request. Neither throws nor rejects. */
export type Handle = (request: ClientRequest) => Delivery | Promise<Delivery>;

/** What a client's connection is used for at the time, such as HTTP of one version; gets its socket's events. */
export interface Session {
  /** Whether no request is under way. */
  readonly isIdle: boolean;
  /** The client's address, as its connection was counted; undefined while it was not. */
  readonly client: string | undefined;
  received(bytes: Buffer): void;
  /** TLS is established, or has failed; `error` is about the handshake or the client's certificate. */
  handshaken?(socket: Bun.Socket<Session>, succeeded: boolean, error: Error | null): void;
  /** The socket has room again. */
  drained(): void;
  /** The client has closed its sending side, and may still read. */
  ended(): void;
  /** The connection is gone. */
  closed(cause: Error | undefined): void;
  /** No further request is taken; the connection closes once those under way have been answered. */
  drain(): void;
  /** Ends what is under way, for a reason. */
  cut(reason: GatewayError): void;
  /** Gives back memory that only makes the next request cheaper. */
  rest?(): void;
  /** Closes the connection at once. */
  destroy(): void;
}
