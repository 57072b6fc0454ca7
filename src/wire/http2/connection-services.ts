import type { Clock } from "../../time/clock.ts";
import type { BatchBuffers } from "./frame-sender.ts";
import type { HeaderLimits } from "./hpack/decoder.ts";

/** What this side allows its peer. Sizes are in bytes. */
export interface OwnLimits {
  /** Streams that a client may have open at a time. */
  readonly maxStreams: number;
  /** Content that may be unused, of one stream and of all. At least 65,535. */
  readonly streamWindow: number;
  /** To what a stream's window grows while its user keeps up with the peer; by default it does not. */
  readonly largestStreamWindow?: number;
  readonly connectionWindow: number;
  readonly headers: HeaderLimits;
}

/** What connections need from outside. */
export interface ConnectionServices {
  readonly clock: Clock;
  readonly buffers: BatchBuffers;
  /** Calls `flush` at the end of the event loop's turn. */
  readonly flushSoon: (connection: { flush(): void }) => void;
  readonly limits: OwnLimits;
}
