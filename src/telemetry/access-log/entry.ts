export type LogLevel = "debug" | "info" | "warn" | "error";

/** One exchange as the access log keeps it. */
export interface AccessLogEntry {
  /** Unix epoch milliseconds at which the request was taken up. */
  readonly timestamp: number;
  /** info below 400, warn below 500, error from there on. */
  readonly level: LogLevel;
  /** What went wrong, for people; empty when nothing did. */
  readonly message: string;
  readonly method: string;
  readonly path: string;
  /** Empty, or with its leading "?". */
  readonly query: string;
  readonly host: string;
  readonly statusCode: number;
  /** Milliseconds from the request's arrival to the end of its answer. */
  readonly latencyMs: number;
  /** Milliseconds to the backend's header section; -1 when none came. */
  readonly timeToFirstByteMs: number;
  readonly clientIp: string;
  readonly userAgent: string;
  readonly backend: string;
  readonly route: string;
  readonly requestId: string;
  /** Content bytes received from the client and sent to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Messages of a WebSocket, from the client and to it. */
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly attempts: number;
  /** The problem's code; empty when there was none. */
  readonly errorCode: string;
}
