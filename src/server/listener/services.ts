import type { ClientConnection } from "../../pipeline/client-request.ts";
import type { Clock } from "../../time/clock.ts";
import type { Timeout } from "../../time/timeout.ts";
import type { RequestHeadReader } from "../../wire/request-head.ts";
import type { DateLine } from "./date-line.ts";
import type { Handle, Session } from "./session.ts";

/** What sessions need of their listener. */
export interface SessionServices {
  readonly handle: Handle;
  readonly clock: Clock;
  readonly dateLine: DateLine;
  /** Reads the first request of each HTTP/1.1 connection. */
  readonly heads: RequestHeadReader;
  /** Current limits; a reload replaces them for all connections. */
  readonly limits: SessionLimits;
  /** The session's connection is closed. */
  readonly gone: (session: Session) => void;
  /** A client has broken the protocol, or floods its connection, which has been ended. */
  readonly onMisuse?: ((connection: ClientConnection, reason: string) => void) | undefined;
  /** An error outside any exchange. */
  readonly onError: (error: unknown) => void;
}

/** Limits of the operator's choice. */
export interface SessionLimits {
  /** Bytes of a request's header section. */
  readonly maxHeaderSize: number;
  /** From a connection's beginning to its first byte. */
  readonly opening: Timeout<Expiring>;
  /** From a request's first byte to the end of its header section. */
  readonly header: Timeout<Expiring>;
  /** Between two requests. */
  readonly keepAlive: Timeout<Expiring>;
  /** As long, for a client that takes nothing of what waits for it. */
  readonly stalled: Timeout<Expiring>;
}

/** A session whose time can be up. */
export interface Expiring {
  timeIsUp(): void;
}
